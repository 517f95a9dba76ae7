package icc

import "math"

// lattice is a conversion sampled on a regular grid over the device space. A
// node holds three lanes of 21 bits, red lowest, each a sample of sRGB from -128
// to 383 with 3 bits after the point: one multiplication weighs all three, and
// weights that add up to 256 keep the lanes apart. Samples go beyond 0–255 so
// that cells across the boundary of the gamut are cut there, and not bent.
type lattice struct {
	points int
	nodes  []uint64
	// at is where each of 256 device values lies: its cell, and its part of the
	// way to the next node, of 256.
	cell [256]int32
	part [256]uint32
}

// Points per axis. They are those of Little CMS for the same purpose.
const (
	pointsRGB  = 33
	pointsCMYK = 17
)

const (
	latticeLow  = 128 // added to samples
	latticeBits = 3   // after the point

	lane     = 21
	laneOne  = 1 | 1<<lane | 1<<(2*lane)
	laneMask = (1<<12 - 1) * laneOne
)

// lattice samples the profile's table at the usual points.
func (p *Profile) lattice() *lattice {
	if p.space == CMYK {
		return p.sampled(pointsCMYK)
	}
	return p.sampled(pointsRGB)
}

// sampled samples the profile's table at so many points per axis, at least 2.
func (p *Profile) sampled(points int) *lattice {
	l := &lattice{points: points}
	n := p.space.channels()
	total := 1
	for range n {
		total *= l.points
	}
	l.nodes = make([]uint64, total)
	device := make([]float64, n)
	for i := range l.nodes {
		for k, rest := n-1, i; k >= 0; k-- {
			device[k] = float64(rest%l.points) / float64(l.points-1)
			rest /= l.points
		}
		for c, v := range p.light(device) {
			v = math.Round((extended(v)*255 + latticeLow) * (1 << latticeBits))
			l.nodes[i] |= uint64(max(0, min(v, 1<<12-1))) << (lane * c)
		}
	}
	for v := range l.cell {
		p := float64(v) / 255 * float64(l.points-1)
		l.cell[v] = int32(min(int(p), l.points-2))
		l.part[v] = uint32(math.Round((p - float64(l.cell[v])) * 256))
	}
	return l
}

// between interpolates in the cell at base, in tetrahedra; fr, fg and fb are the
// parts along axes of step sr, sg and 1. The lanes of the result have 8 more
// bits after the point.
func (l *lattice) between(base, sr, sg int, fr, fg, fb uint32) uint64 {
	a, b, c := fr, fg, fb
	sa, sb, sc := sr, sg, 1
	if a < b {
		a, b, sa, sb = b, a, sb, sa
	}
	if b < c {
		b, c, sb, sc = c, b, sc, sb
	}
	if a < b {
		a, b, sa, sb = b, a, sb, sa
	}
	n := l.nodes[base : base+sr+sg+2]
	return n[0]*uint64(256-a) + n[sa]*uint64(a-b) + n[sa+sb]*uint64(b-c) + n[sa+sb+sc]*uint64(c)
}

// latticeHalf rounds the sum of nodes weighed by 256.
const latticeHalf = 1 << (latticeBits + 8 - 1)

// sample returns the lowest lane of a weighed sum as a sample.
func sample(v uint64) byte {
	s := int32(v>>(latticeBits+8)&511) - latticeLow
	return byte(max(0, min(s, 255)))
}

// lights converts a row of RGB.
func (l *lattice) lights(out [3][]byte, red, green, blue []byte) {
	n := len(red)
	green, blue = green[:n], blue[:n]
	o0, o1, o2 := out[0][:n], out[1][:n], out[2][:n]
	sr, sg := l.points*l.points, l.points
	for x := range n {
		r, g, b := red[x], green[x], blue[x]
		base := int(l.cell[r])*sr + int(l.cell[g])*sg + int(l.cell[b])
		v := l.between(base, sr, sg, l.part[r], l.part[g], l.part[b]) + laneOne*latticeHalf
		o0[x], o1[x], o2[x] = sample(v), sample(v>>lane), sample(v>>(2*lane))
	}
}

// inks converts a row of CMYK: tetrahedra over magenta, yellow and black,
// linearly over cyan.
func (l *lattice) inks(out [3][]byte, cyan, magenta, yellow, black []byte) {
	n := len(cyan)
	magenta, yellow, black = magenta[:n], yellow[:n], black[:n]
	o0, o1, o2 := out[0][:n], out[1][:n], out[2][:n]
	sm, sy := l.points*l.points, l.points
	sc := sm * l.points
	for x := range n {
		c, m, y, k := cyan[x], magenta[x], yellow[x], black[x]
		base := int(l.cell[c])*sc + int(l.cell[m])*sm + int(l.cell[y])*sy + int(l.cell[k])
		low := l.between(base, sm, sy, l.part[m], l.part[y], l.part[k])
		high := l.between(base+sc, sm, sy, l.part[m], l.part[y], l.part[k])
		f := uint64(l.part[c])
		// Back to the bits of a node, so that the lanes hold another weight.
		v := (low+laneOne<<7)>>8&laneMask*(256-f) + (high+laneOne<<7)>>8&laneMask*f + laneOne*latticeHalf
		o0[x], o1[x], o2[x] = sample(v), sample(v>>lane), sample(v>>(2*lane))
	}
}
