package demo

// pt is a point of a line in pixels; r is half the line's width there.
type pt struct{ x, y, r float32 }

func (p pt) add(q pt) pt            { return pt{p.x + q.x, p.y + q.y, p.r} }
func (p pt) sub(q pt) pt            { return pt{p.x - q.x, p.y - q.y, p.r} }
func (p pt) mul(k float32) pt       { return pt{p.x * k, p.y * k, p.r} }
func (p pt) len() float32           { return sqrt(p.x*p.x + p.y*p.y) }
func (p pt) turn(a float32) pt      { s, c := sin(a), cos(a); return pt{p.x*c - p.y*s, p.x*s + p.y*c, p.r} }
func polar(a, r float32) pt         { return pt{x: cos(a) * r, y: sin(a) * r} }
func between(p, q pt, t float32) pt { return pt{mix(p.x, q.x, t), mix(p.y, q.y, t), mix(p.r, q.r, t)} }

// mode is what a shape does where it lies.
type mode uint8

const (
	inkMode   mode = iota // adds to a plate
	eraseMode             // takes from a plate
	overMode              // paints the colours, opaque at alpha 255
	stainMode             // multiplies the colours
)

// pen says how shapes are put on a sheet.
type pen struct {
	mode  mode
	plate uint8
	c     colour
	alpha uint8
}

func ink(plate int) pen                { return pen{mode: inkMode, plate: uint8(plate)} }
func eraser(plate int) pen             { return pen{mode: eraseMode, plate: uint8(plate)} }
func paint(c colour, alpha uint8) pen  { return pen{mode: overMode, c: c, alpha: alpha} }
func washed(c colour, alpha uint8) pen { return pen{mode: stainMode, c: c, alpha: alpha} }

// sheet is a list of shapes in the order of drawing. It is filled once and then
// drawn band by band.
type sheet struct {
	w, h    int
	ops     []op
	pts     []pt
	ends    []int32   // ends of contours in pts
	buckets [][]int32 // shapes touching each band
}

type op struct {
	pen
	filled         bool
	first, last    int32 // contours, in ends
	x0, y0, x1, y1 int32 // bounds
}

func newSheet(w, h int) *sheet {
	return &sheet{w: w, h: h, ends: []int32{0}, buckets: make([][]int32, (h+bandRows-1)/bandRows)}
}

// stroke draws a line with round ends through the points.
func (s *sheet) stroke(p pen, line ...pt) {
	// Long lines go in pieces, or each would touch many bands with its whole
	// length. Pieces do not show on a plate.
	const piece = 24
	for p.mode == inkMode && len(line) > piece+1 {
		s.put(p, false, line[:piece+1])
		line = line[piece:]
	}
	s.put(p, false, line)
}

// straight draws one line, in pieces when it is long.
func (s *sheet) straight(p pen, a, b pt) {
	n := 1
	if p.mode == inkMode {
		n += int(b.sub(a).len() / 150)
	}
	for i := range n {
		s.put(p, false, []pt{between(a, b, float32(i)/float32(n)), between(a, b, float32(i+1)/float32(n))})
	}
}

// fill fills the contours; where they wind the same way they join.
func (s *sheet) fill(p pen, contours ...[]pt) { s.put(p, true, contours...) }

// disc fills a circle.
func (s *sheet) disc(p pen, at pt, r float32) {
	s.put(p, false, []pt{{at.x, at.y, r}, {at.x, at.y, r}})
}

// ring draws a circle's line, r wide on each side.
func (s *sheet) ring(p pen, at pt, radius, r float32) {
	n := int(clamp(radius*0.8, 12, 720))
	line := make([]pt, n+1)
	for i := range line {
		line[i] = at.add(polar(tau*float32(i)/float32(n), radius))
		line[i].r = r
	}
	s.stroke(p, line...)
}

func (s *sheet) put(p pen, filled bool, contours ...[]pt) {
	o := op{pen: p, filled: filled, first: int32(len(s.ends) - 1)}
	x0, y0, x1, y1 := float32(1e9), float32(1e9), float32(-1e9), float32(-1e9)
	for _, c := range contours {
		for _, q := range c {
			r := q.r + 1
			if filled {
				r = 1
			}
			x0, x1 = min(x0, q.x-r), max(x1, q.x+r)
			y0, y1 = min(y0, q.y-r), max(y1, q.y+r)
		}
	}
	x0, y0 = max(floor(x0), 0), max(floor(y0), 0)
	x1, y1 = min(floor(x1)+1, float32(s.w)), min(floor(y1)+1, float32(s.h))
	if x0 >= x1 || y0 >= y1 {
		return
	}
	for _, c := range contours {
		s.pts = append(s.pts, c...)
		s.ends = append(s.ends, int32(len(s.pts)))
	}
	o.last = int32(len(s.ends) - 1)
	o.x0, o.y0, o.x1, o.y1 = int32(x0), int32(y0), int32(x1), int32(y1)
	n := int32(len(s.ops))
	s.ops = append(s.ops, o)
	for k := o.y0 / bandRows; k <= (o.y1-1)/bandRows; k++ {
		s.buckets[k] = append(s.buckets[k], n)
	}
}

// draw draws what touches the band.
func (s *sheet) draw(b *band) {
	for _, n := range s.buckets[b.y0/bandRows] {
		o := &s.ops[n]
		y0, y1 := max(int(o.y0)-b.y0, 0), min(int(o.y1)-b.y0, b.h)
		if y0 >= y1 {
			continue
		}
		if !o.filled && o.mode == inkMode {
			// Straight onto the plate.
			for c := o.first; c < o.last; c++ {
				line := s.pts[s.ends[c]:s.ends[c+1]]
				for i := 1; i < len(line); i++ {
					segment(line[i-1], line[i], b.plates[o.plate], b.w, 0, 0, b.w, b.y0, b.h)
				}
			}
			continue
		}
		w, h := int(o.x1-o.x0), y1-y0
		mask := b.mask(w, h)
		for c := o.first; c < o.last; c++ {
			line := s.pts[s.ends[c]:s.ends[c+1]]
			if !o.filled {
				for i := 1; i < len(line); i++ {
					segment(line[i-1], line[i], mask, w, int(o.x0), 0, w, b.y0+y0, h)
				}
				continue
			}
			for i := range line {
				p, q := line[i], line[(i+1)%len(line)]
				b.edge(p.x-float32(o.x0), p.y-float32(b.y0+y0), q.x-float32(o.x0), q.y-float32(b.y0+y0), w, h)
			}
		}
		if o.filled {
			b.gather(mask, w, h)
		}
		b.apply(o, mask, int(o.x0), y0, w, h)
	}
}

// apply puts a mask of w × h at (x0, y0) of the band.
func (b *band) apply(o *op, mask []uint8, x0, y0, w, h int) {
	for y := range h {
		m := mask[y*w : (y+1)*w]
		switch o.mode {
		case inkMode:
			p := b.plate(int(o.plate), y0+y)[x0 : x0+w]
			for x, v := range m {
				p[x] = max(p[x], v)
			}
		case eraseMode:
			p := b.plate(int(o.plate), y0+y)[x0 : x0+w]
			for x, v := range m {
				if v != 0 {
					p[x] = uint8(int(p[x]) * (255 - int(v)) / 255)
				}
			}
		case overMode:
			row := b.line(y0 + y)[4*x0:]
			for x, v := range m {
				if v != 0 {
					blend(row[4*x:4*x+3], o.c, int(v)*int(o.alpha)/255)
				}
			}
		case stainMode:
			row := b.line(y0 + y)[4*x0:]
			for x, v := range m {
				if v != 0 {
					stain(row[4*x:4*x+3], o.c, int(v)*int(o.alpha)/255)
				}
			}
		}
	}
}
