package demo

import "strings"

// A page of a manuscript: two columns of a book hand, initials in gold, blue and
// red, and a border of scrolling vines.
const (
	bookW, bookH = 2800, 3900

	inkText  = 0
	inkRubra = 1 // red letters
	inkBlue  = 2
	inkRule  = 3 // the ruling
)

type page struct {
	s     *sheet
	r     rng
	hand  *hand
	names *namer
	red   bool // colour of the next initial
}

func (*page) gold() colour { return colour{214, 166, 62} }
func (*page) blue() colour { return colour{38, 70, 140} }
func (*page) rose() colour { return colour{178, 52, 58} }
func (*page) leaf() colour { return colour{70, 118, 70} }

func drawBook() *art {
	p := &page{s: newSheet(bookW, bookH), r: rng{73}, hand: newHand(), names: newNamer(74)}
	skin := newPaper(bookW, bookH, 21, colour{247, 238, 218}, colour{206, 180, 136}, 1, 1)
	p.border()
	p.column(560, 1270, 560, 3060, true)
	p.column(1400, 2110, 560, 3060, false)
	return &art{w: bookW, h: bookH, plates: 4, paint: func(b *band) {
		skin.lay(b)
		p.s.draw(b)
		b.print(inkRule, colour{150, 110, 120}, 110)
		b.print(inkText, colour{48, 32, 22}, 236)
		b.print(inkRubra, colour{176, 40, 30}, 240)
		b.print(inkBlue, colour{34, 62, 134}, 240)
	}}
}

// column rules and writes lines of text between x0 and x1.
func (p *page) column(x0, x1, y0, y1 float32, first bool) {
	const pitch = 66
	t := text{size: 25, nib: 0.25, spread: 0.05, wobble: 0.03}
	for _, x := range []float32{x0 - 12, x1 + 12} {
		p.s.straight(ink(inkRule), pt{x, y0 - 160, 0.9}, pt{x, y1 + 150, 0.9})
	}
	tall := 0 // lines that an initial still takes
	indent := float32(0)
	next := 3 + p.r.intn(3)
	start := y0
	if first {
		p.illuminated(x0, y0-46, 408)
		tall, indent = 7, 438
	}
	for n := 0; start+float32(n)*pitch <= y1; n++ {
		y := start + float32(n)*pitch
		left, ruled := x0, x0-40
		if tall > 0 {
			left += indent
			ruled = left - 8
			tall--
		}
		p.s.straight(ink(inkRule), pt{ruled, y + 1, 0.7}, pt{x1 + 40, y + 1, 0.7})
		if tall == 0 && next <= 0 {
			// A section: a red heading, then a two-line initial.
			p.line(t, inkRubra, left, x1-p.r.span(60, 220), y, "")
			next = 5 + p.r.intn(5)
			if y+2*pitch <= y1 {
				p.initial(x0, y+pitch, pitch)
				tall, indent = 2, 148
			}
			continue
		}
		next--
		opening := ""
		if first && n == 0 {
			opening = "N INITIO"
		}
		p.line(t, inkText, left, x1, y, opening)
	}
}

// line writes one line, justified.
func (p *page) line(t text, plate int, x0, x1, y float32, opening string) {
	words := strings.Fields(opening)
	space := p.hand.width(t, " ") + 2*t.spread*t.size
	var w float32
	for _, s := range words {
		w += p.hand.width(t, s) + space
	}
	for tries := 0; tries < 30; {
		s := p.names.word()
		ws := p.hand.width(t, s)
		if w+ws > x1-x0 {
			tries++
			continue
		}
		words = append(words, s)
		w += ws + space
	}
	if len(words) < 2 {
		return
	}
	gap := space + (x1-x0-(w-space))/float32(len(words)-1)
	x := x0
	for i, s := range words {
		ws := p.hand.width(t, s)
		p.hand.write(p.s, ink(plate), t, pt{x: x, y: y}, s)
		if p.r.intn(9) == 0 && i+1 < len(words) {
			// A sign of contraction, and a point.
			p.s.stroke(ink(plate), pt{x + ws*0.3, y - 36, 2.2}, pt{x + ws*0.7, y - 40, 1.6})
			p.s.disc(ink(plate), pt{x: x + ws + gap*0.5, y: y - 9}, 3.4)
		}
		if p.r.intn(14) == 0 {
			// A touch of red on the first letter.
			p.s.stroke(ink(inkRubra), pt{x + 6, y - 24, 2.6}, pt{x + 8, y - 2, 2})
		}
		x += ws + gap
	}
}

// initial draws a coloured letter of two lines with pen-work around it.
func (p *page) initial(x, y, pitch float32) {
	p.red = !p.red
	main, fine := inkBlue, inkRubra
	if p.red {
		main, fine = inkRubra, inkBlue
	}
	letter := string(rune("ABCDEFHILMNOPQRSTV"[p.r.intn(18)]))
	t := text{size: pitch * 1.04, nib: 0.27}
	w := p.hand.width(t, letter)
	c := pt{x: x + 62, y: y + pitch*0.42}
	// Nested outlines and pearls behind the letter.
	for i := range 3 {
		o := float32(i) * 5
		p.s.outline(ink(fine), x-6-o, y-46-o, x+130+o, y+pitch+10+o, 0.9)
	}
	for range 46 {
		a := p.r.float() * tau
		q := c.add(pt{x: cos(a) * 60, y: sin(a) * 64}.mul(sqrt(p.r.float())))
		p.s.ring(ink(fine), q, p.r.span(3, 9), 0.8)
	}
	p.hand.halo(p.s, t, pt{x: x + 62 - w/2, y: y + pitch*0.9}, letter, fine)
	p.hand.write(p.s, ink(main), t, pt{x: x + 62 - w/2, y: y + pitch*0.9}, letter)
	// Whips run up and down the margin.
	for i := range 4 {
		o := float32(i) * 7
		up, down := y-90-p.r.span(60, 220), y+pitch+p.r.span(80, 260)
		p.s.stroke(ink(fine), spline([]pt{{x - 26 - o, y + pitch*0.4, 1}, {x - 30 - o, down - 60, 1.2}, {x - 52 - o, down, 0.9}, {x - 66 - o, down - 26, 0.6}}, 6)...)
		p.s.stroke(ink(fine), spline([]pt{{x - 26 - o, y + pitch*0.4, 1}, {x - 30 - o, up + 60, 1.2}, {x - 50 - o, up, 0.9}, {x - 64 - o, up + 24, 0.6}}, 6)...)
	}
}

// illuminated draws the great initial on a gold ground, with interlace.
func (p *page) illuminated(x, y, size float32) {
	s := p.s
	line := ink(inkText)
	s.fill(paint(p.blue(), 255), rect(x-14, y-14, x+size+14, y+size+14, 0)[:4])
	s.fill(paint(p.rose(), 255), rect(x, y, x+size, y+size, 0)[:4])
	s.fill(paint(p.gold(), 255), rect(x+14, y+14, x+size-14, y+size-14, 0)[:4])
	s.outline(line, x-14, y-14, x+size+14, y+size+14, 2.6)
	s.outline(line, x, y, x+size, y+size, 1.8)
	s.outline(line, x+14, y+14, x+size-14, y+size-14, 2.2)
	for i := range 24 {
		f := (float32(i) + 0.5) / 24
		for _, q := range []pt{{x: x + size*f, y: y - 7}, {x: x + size*f, y: y + size + 7}, {x: x - 7, y: y + size*f}, {x: x + size + 7, y: y + size*f}} {
			s.disc(paint(colour{250, 240, 220}, 255), q, 3)
		}
	}
	// Burnished gold: punched dots.
	for i := range 19 * 19 {
		q := pt{x: x + 28 + float32(i%19)*(size-56)/18, y: y + 28 + float32(i/19)*(size-56)/18}
		s.disc(paint(colour{176, 124, 34}, 200), q, 2)
		s.disc(paint(colour{250, 222, 140}, 200), q.add(pt{x: -1.2, y: -1.2}), 1)
	}
	c := pt{x: x + size/2, y: y + size/2}
	for _, side := range []float32{-1, 1} {
		for _, v := range []float32{-1, 1} {
			p.scroll(c.add(pt{x: side * size * 0.26, y: v * size * 0.25}), size*0.17, pi/2*(1-side)+v*0.4, side*v, 9)
		}
	}
	// The letter, blue with white highlights.
	body := func(w float32, to pen) {
		s.straight(to, pt{c.x, y + 84, w}, pt{c.x, y + size - 84, w})
		for _, v := range []float32{-1, 1} {
			s.stroke(to, spline([]pt{{c.x - 112, c.y + v*122, w * 0.5}, {c.x - 60, c.y + v*134, w * 0.8}, {c.x, c.y + v*130, w}, {c.x + 60, c.y + v*134, w * 0.8}, {c.x + 112, c.y + v*122, w * 0.5}}, 5)...)
		}
		s.disc(to, c, w*1.5)
	}
	body(48, eraser(inkText))
	body(48, paint(colour{40, 26, 20}, 255))
	body(43, paint(p.blue(), 255))
	body(24, paint(colour{84, 122, 190}, 255))
	for i := range 13 {
		q := pt{x: c.x, y: y + 92 + float32(i)*(size-184)/12}
		if abs(q.y-c.y) < 60 {
			continue
		}
		s.disc(paint(colour{250, 246, 236}, 255), q, 7)
		s.stroke(paint(colour{250, 246, 236}, 255), pt{q.x - 30, q.y + 6, 1.4}, pt{q.x - 14, q.y - 3, 2.4})
		s.stroke(paint(colour{250, 246, 236}, 255), pt{q.x + 30, q.y + 6, 1.4}, pt{q.x + 14, q.y - 3, 2.4})
	}
	p.flower(c, 40)
}
