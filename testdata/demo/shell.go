package demo

import "math"

// An engraving of two ammonites, in gray: the shells are modelled as spirals
// with ribs, lit from the upper left, and shaded by lines as a burin cuts them.
const (
	shellW, shellH = 3600, 3000
	inkShell       = 0
)

// ammonite is a coiled shell.
type ammonite struct {
	c      pt
	radius float32 // at the mouth
	mouth  float32 // angle of the mouth
	growth float32 // of the radius per turn
	ribs   float32 // per turn
	high   float32 // of the ribs
	log    float32 // of growth
}

func drawShell() *art {
	shells := []ammonite{
		{pt{x: 1500, y: 1370}, 1130, 0.35, 2.05, 44, 0.055, float32(math.Log(2.05))},
		{pt{x: 2990, y: 2120}, 400, 2.4, 2.6, 28, 0.085, float32(math.Log(2.6))},
	}
	s := newSheet(shellW, shellH)
	h := newHand()
	line := ink(inkShell)
	s.outline(line, 110, 110, shellW-110, shellH-110, 4)
	s.outline(line, 126, 126, shellW-126, shellH-126, 1.4)
	h.centred(s, line, text{size: 46, spread: 0.4}, pt{x: shellW / 2, y: shellH - 205}, "CORNV AMMONIS")
	h.centred(s, line, text{size: 30, slant: 0.12, spread: 0.06}, pt{x: 1500, y: 2640}, "Fig. 1. Ammonites spiralis, magnitudine naturali")
	h.centred(s, line, text{size: 26, slant: 0.12, spread: 0.06}, pt{x: 2990, y: 2640}, "Fig. 2. Idem, iunior")
	h.write(s, line, text{size: 28, slant: 0.12}, pt{x: shellW - 420, y: 230}, "Tab. VII")
	n := newNoise(12)
	tone := newGrid(shellW, shellH, 12, func(x, y float32) float32 {
		edge := min(min(x, shellW-x), min(y, shellH-y))
		return 236 + 9*n.fbm(x/500, y/500, 4, 0.5) - 34*exp(-edge/110)
	})
	return &art{w: shellW, h: shellH, gray: true, plates: 1, paint: func(b *band) {
		s.draw(b)
		ground := b.rows[0]
		for y := range b.h {
			py := y + b.y0
			tone.row(py, ground)
			row, plate := b.grayLine(y), b.plate(inkShell, y)
			grain := b.art.tex.paper[(py&(tile-1))*tile:][:tile]
			for x := range row {
				cut := float32(plate[x]) / 255
				for i := range shells {
					a := &shells[i]
					dx, dy := float32(x)+0.5-a.c.x, float32(py)+0.5-a.c.y
					// Nothing is further away: neither shell nor shadow.
					if reach := a.radius * 1.45; abs(dx) < reach && abs(dy) < reach {
						cut = max(cut, a.cut(dx, dy, n))
					}
				}
				v := ground[x]*(1-0.88*cut) + float32(grain[x&(tile-1)])*0.5
				row[x] = byteOf(v)
			}
		}
	}}
}

// cut is how much ink lies at a point relative to the middle, 0 to 1.
func (a *ammonite) cut(dx, dy float32, n *noise) float32 {
	r := sqrt(dx*dx + dy*dy)
	if r < 2 {
		return 0.9
	}
	theta := atan2(dy, dx) - a.mouth
	if theta > 0 {
		theta -= tau
	}
	// How many turns inside the mouth: whole at the outer edge of each whorl.
	turns := float32(math.Log(float64(a.radius/r)))/a.log + theta/tau
	whorl := floor(turns)
	if whorl < 0 {
		return a.shadow(dx, dy, n)
	}
	u := 1 - (turns - whorl)    // across: 0 at the inner seam, 1 at the outer
	phi := theta - whorl*tau    // along: 0 at the mouth, less further in
	if phi < -tau*7 || r < 14 { // the first chamber
		return 0.85
	}
	outer := a.radius * exp(a.log*phi/tau)
	wide := outer * (1 - 1/a.growth)
	// Shape: a vault across, ribs along that sweep forward outside.
	v := 2*u - 1
	rib := a.ribs * 0.91 * (phi - 0.10*v*v*(0.6+0.4*v))
	wobble := n.at(dx/140, dy/140) * 0.35
	ridge, along := cos(rib+wobble), sin(rib+wobble)
	fade := smooth(-1, -0.6, v) * smooth(1.02, 0.9, v)
	slopeR := -1.15 * v / sqrt(max(1.08-v*v, 0.06))
	slopeT := a.high * fade * along * a.ribs * wide / outer * 1.1
	// Light from the upper left.
	ex, ey := dx/r, dy/r
	nx := -(slopeR*ex - slopeT*ey)
	ny := -(slopeR*ey + slopeT*ex)
	light := (-0.50*nx - 0.56*ny + 0.66) / sqrt(1+nx*nx+ny*ny)
	dark := 0.80 - 0.86*light + 0.10*(1-ridge)*fade
	dark += 0.75*exp(-(u)*wide/(0.05*outer+2)) + 0.30*exp(-(1-u)*wide/(0.02*outer+2)) // seams
	dark += 0.05 * n.fbm(dx/36, dy/36, 3, 0.5)
	dark = clamp(dark, 0.03, 1)
	// Lines across the whorl, evenly spaced at its middle, bowed like the ribs.
	const pitch = 10.5
	mid := outer * (1 + 1/a.growth) / 2
	k := a.log / tau
	phase := mid/k/pitch + (rib/a.ribs/0.91-phi)*mid/pitch + n.at(dx/60, dy/60)*0.25
	spacing := pitch * r / mid
	cut := hatch(phase, spacing, min(dark*1.05, 0.80))
	// Lines along it, only in the shade.
	if dark > 0.42 {
		m := floor(wide/9) + 1
		cut = max(cut, hatch(u*m+n.at(dx/80, dy/80)*0.2, wide/m, (dark-0.42)*0.95))
	}
	// The outline, and a line at the mouth.
	if whorl == 0 {
		cut = max(cut, clamp(2.4-(1-u)*wide, 0, 1))
	}
	cut = max(cut, clamp(2.2-u*wide, 0, 1))
	return max(cut, clamp(3-(-phi)*r, 0, 1))
}

// hatch is the ink of a set of parallel lines that leave 1-dark of the paper.
func hatch(phase, spacing, dark float32) float32 {
	if dark <= 0 {
		return 0
	}
	d := abs(fract(phase)-0.5) * spacing // from the middle of the line
	half := dark * spacing / 2
	if half < 0.5 {
		return clamp(half+0.5-d, 0, 1) * 2 * half
	}
	return clamp(half+0.5-d, 0, 1)
}

// shadow is the ink of the ground around the shell: its cast shadow.
func (a *ammonite) shadow(dx, dy float32, n *noise) float32 {
	sx, sy := dx-a.radius*0.07, dy-a.radius*0.09
	r := sqrt(sx*sx + sy*sy)
	if r > a.radius*1.36 {
		return 0
	}
	theta := atan2(sy, sx) - a.mouth
	if theta > 0 {
		theta -= tau
	}
	// The shell's rim in this direction; the mouth throws its shadow past itself.
	edge := mix(a.radius, a.radius*exp(a.log*theta/tau), smooth(0, 0.34, theta+tau))
	d := r - edge
	dark := 0.42*exp(-max(d, 0)/(a.radius*0.055)) + 0.10*exp(-max(d, 0)/(a.radius*0.22))
	if dark < 0.02 {
		return 0
	}
	wave := n.at(dx/90, dy/90) * 1.5
	return hatch((dx*0.35+dy+wave)/9, 8.5, dark*smooth(0.02, 0.10, dark))
}
