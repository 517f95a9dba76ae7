package demo

import (
	"math"
	"strconv"
	"strings"
)

// hand writes text with a broad-nibbed pen.
type hand struct {
	glyphs map[rune]shape
}

type shape struct {
	advance float32
	strokes [][]pt // in tenths of the x-height, y upwards
}

func newHand() *hand {
	h := &hand{glyphs: map[rune]shape{}}
	for r, g := range script() {
		h.glyphs[r] = shape{g.advance, parseStrokes(g.strokes)}
	}
	return h
}

// parseStrokes reads the strokes of a glyph; see script.
func parseStrokes(s string) [][]pt {
	var out [][]pt
	for stroke := range strings.SplitSeq(s, "/") {
		coords, curved := strings.CutPrefix(strings.TrimSpace(stroke), "~")
		var pts []pt
		words := strings.Fields(coords)
		for i := 1; i < len(words); i += 2 {
			pts = append(pts, pt{x: number(words[i-1]), y: number(words[i])})
		}
		if curved {
			pts = spline(pts, 0.7)
		}
		out = append(out, pts)
	}
	return out
}

// number reads a coordinate of the program's own tables.
func number(s string) float32 {
	v, _ := strconv.ParseFloat(s, 32)
	return float32(v)
}

// text is how a line of text is set.
type text struct {
	size   float32 // x-height in pixels
	nib    float32 // width of the nib in x-heights; 0 means 0.17
	slant  float32 // of the letters, 0.12 for italics
	spread float32 // extra space between letters, in x-heights
	angle  float32 // of the line, clockwise
	wobble float32 // unsteadiness of the hand in x-heights
}

// width returns the length of a line in pixels.
func (h *hand) width(t text, s string) float32 {
	var w float32
	for _, r := range s {
		w += (h.glyphs[r].advance/10 + t.spread) * t.size
	}
	return w - t.spread*t.size
}

// write puts a line of text on a sheet, starting at a point of the base line, and
// returns where it ends.
func (h *hand) write(s *sheet, p pen, t text, at pt, str string) pt {
	along := polar(t.angle, 1)
	for i, r := range str {
		adv := (h.glyphs[r].advance/10 + t.spread) * t.size
		h.letter(s, p, t, at, t.angle, r, uint32(i))
		at = at.add(along.mul(adv))
	}
	return at
}

// halo clears plates around a line of text, so that it can be read on a coast.
func (h *hand) halo(s *sheet, t text, at pt, str string, plates ...int) {
	for _, r := range str {
		g := h.glyphs[r]
		for _, stroke := range g.strokes {
			line := make([]pt, len(stroke))
			for i, q := range stroke {
				line[i] = at.add(pt{x: q.x + q.y*t.slant, y: -q.y}.mul(t.size / 10))
				line[i].r = t.size * 0.24
			}
			for _, p := range plates {
				s.stroke(eraser(p), line...)
			}
		}
		at.x += (g.advance/10 + t.spread) * t.size
	}
}

// centred writes a line with its middle at a point.
func (h *hand) centred(s *sheet, p pen, t text, at pt, str string) {
	h.write(s, p, t, at.add(polar(t.angle, -h.width(t, str)/2)), str)
}

// round writes along a circle, centred at angle mid (0 is right, clockwise).
// Inward text stands on the inside of the circle, with its feet to the outside.
func (h *hand) round(s *sheet, p pen, t text, centre pt, radius, mid float32, inward bool, str string) {
	dir := float32(1)
	if inward {
		dir = -1
	}
	a := mid - dir*h.width(t, str)/radius/2
	for i, r := range str {
		adv := (h.glyphs[r].advance/10 + t.spread) * t.size
		m := a + dir*adv/radius/2
		tangent := m + dir*pi/2
		at := centre.add(polar(m, radius)).add(polar(tangent, -adv/2))
		h.letter(s, p, t, at, tangent, r, uint32(i))
		a += dir * adv / radius
	}
}

// letter puts one letter on a sheet.
func (h *hand) letter(s *sheet, p pen, t text, at pt, angle float32, r rune, seed uint32) {
	g := h.glyphs[r]
	nib := t.nib
	if nib == 0 {
		nib = 0.17
	}
	sn, cs := sin(angle), cos(angle)
	k := t.size / 10
	dy := t.wobble * t.size * (unit(hash2(int(r), int(seed), 7)) - 0.5)
	var contours [][]pt
	place := func(x, y float32) pt {
		x += y * t.slant
		x, y = x*k, -y*k+dy
		return pt{x: at.x + x*cs - y*sn, y: at.y + x*sn + y*cs}
	}
	// The nib is held at 40 degrees to the line and has a little thickness.
	const hold = 40 * math.Pi / 180
	nx, ny := nib*5*cos(hold), nib*5*sin(hold)
	tx, ty := -ny*0.16, nx*0.16
	corners := [4][2]float32{{-nx - tx, -ny - ty}, {nx - tx, ny - ty}, {nx + tx, ny + ty}, {-nx + tx, -ny + ty}}
	for _, stroke := range g.strokes {
		for i := 1; i < len(stroke); i++ {
			a, b := stroke[i-1], stroke[i]
			contours = append(contours, sweep(corners, a, b, place))
		}
	}
	if len(contours) > 0 {
		s.fill(p, contours...)
	}
}

// sweep returns the outline of the nib moved from a to b: the hull of both.
func sweep(corners [4][2]float32, a, b pt, place func(x, y float32) pt) []pt {
	d := pt{x: b.x - a.x, y: b.y - a.y}
	// Each corner belongs to the start or the end; the hull of a moved convex
	// shape is its edges, with two of them stretched by the way.
	var out []pt
	for i := range 4 {
		c, next, prev := corners[i], corners[(i+1)%4], corners[(i+3)%4]
		front := d.x*(next[1]-c[1])-d.y*(next[0]-c[0]) >= 0
		back := d.x*(c[1]-prev[1])-d.y*(c[0]-prev[0]) >= 0
		switch {
		case front && back:
			out = append(out, place(b.x+c[0], b.y+c[1]))
		case !front && !back:
			out = append(out, place(a.x+c[0], a.y+c[1]))
		case front:
			out = append(out, place(a.x+c[0], a.y+c[1]), place(b.x+c[0], b.y+c[1]))
		default:
			out = append(out, place(b.x+c[0], b.y+c[1]), place(a.x+c[0], a.y+c[1]))
		}
	}
	return out
}

// spline returns a smooth line through the points with a point about every step.
func spline(p []pt, step float32) []pt {
	if len(p) < 3 {
		return p
	}
	out := []pt{p[0]}
	closed := p[0].sub(p[len(p)-1]).len() < 1e-3
	for i := 0; i+1 < len(p); i++ {
		a, b, c, d := p[max(i-1, 0)], p[i], p[i+1], p[min(i+2, len(p)-1)]
		if closed && i == 0 {
			a = p[len(p)-2]
		}
		if closed && i+2 == len(p) {
			d = p[1]
		}
		n := int(c.sub(b).len()/step) + 1
		for k := 1; k <= n; k++ {
			out = append(out, catmull(a, b, c, d, float32(k)/float32(n)))
		}
	}
	return out
}

func catmull(a, b, c, d pt, t float32) pt {
	f := func(a, b, c, d float32) float32 {
		return b + 0.5*t*(c-a+t*(2*a-5*b+4*c-d+t*(3*(b-c)+d-a)))
	}
	return pt{f(a.x, b.x, c.x, d.x), f(a.y, b.y, c.y, d.y), max(f(a.r, b.r, c.r, d.r), 0)}
}
