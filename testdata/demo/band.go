package demo

import "image"

// bandRows is the height of a band: the unit of work, a whole number of rows of
// 4:2:0 blocks.
const bandRows = 64

// colour is red, green and blue, 0 to 255.
type colour [3]uint8

// band is a strip of a picture while it is painted: the colours, and plates of
// ink coverage as a printer has them, one for each ink. Lines of one ink do not
// darken where they cross, and print with the grain of the paper.
type band struct {
	art     *art
	y0      int // first row in the picture
	w, h    int
	rgb     *image.RGBA // nil for a gray picture
	gray    *image.Gray // nil for a colour picture
	plates  [][]uint8   // w × h coverages each
	acc     []float32   // scratch of the rasteriser, zeros between shapes
	scratch []uint8
	rows    [][]float32 // scratch rows for fields
}

func newBand(a *art) *band {
	b := &band{art: a, w: a.w}
	if a.gray {
		b.gray = image.NewGray(image.Rect(0, 0, a.w, bandRows))
	} else {
		b.rgb = image.NewRGBA(image.Rect(0, 0, a.w, bandRows))
		for i := 3; i < len(b.rgb.Pix); i += 4 {
			b.rgb.Pix[i] = 255
		}
	}
	for range a.plates {
		b.plates = append(b.plates, make([]uint8, a.w*bandRows))
	}
	for range 6 {
		b.rows = append(b.rows, make([]float32, a.w))
	}
	return b
}

// begin makes the band ready for row y0 and below.
func (b *band) begin(y0 int) {
	b.y0, b.h = y0, min(bandRows, b.art.h-y0)
	for _, p := range b.plates {
		clear(p)
	}
}

// image returns what was painted.
func (b *band) image() image.Image {
	r := image.Rect(0, 0, b.w, b.h)
	if b.gray != nil {
		return b.gray.SubImage(r)
	}
	return b.rgb.SubImage(r)
}

// line returns row y of the band as RGBA bytes.
func (b *band) line(y int) []uint8 { return b.rgb.Pix[y*b.rgb.Stride : y*b.rgb.Stride+4*b.w] }

// grayLine returns row y of a gray band.
func (b *band) grayLine(y int) []uint8 { return b.gray.Pix[y*b.gray.Stride : y*b.gray.Stride+b.w] }

// plate returns row y of plate i.
func (b *band) plate(i, y int) []uint8 { return b.plates[i][y*b.w : (y+1)*b.w] }

// print puts plate i onto the colours as translucent ink: the paper shines
// through. press is the darkest coverage, 0 to 255.
func (b *band) print(i int, c colour, press int) {
	t := b.art.tex.ink
	for y := range b.h {
		p, row := b.plate(i, y), b.line(y)
		grain := t[((y+b.y0)&(tile-1))*tile:][:tile]
		for x, v := range p {
			if v == 0 {
				continue
			}
			a := int(v) * press * int(grain[x&(tile-1)]) >> 16
			px := row[4*x : 4*x+3 : 4*x+3]
			px[0] = uint8(int(px[0]) * (255*255 - a*(255-int(c[0]))) / (255 * 255))
			px[1] = uint8(int(px[1]) * (255*255 - a*(255-int(c[1]))) / (255 * 255))
			px[2] = uint8(int(px[2]) * (255*255 - a*(255-int(c[2]))) / (255 * 255))
		}
	}
}

// cover puts plate i onto the colours as opaque paint.
func (b *band) cover(i int, c colour) {
	for y := range b.h {
		p, row := b.plate(i, y), b.line(y)
		for x, v := range p {
			if v != 0 {
				blend(row[4*x:4*x+3:4*x+3], c, int(v))
			}
		}
	}
}

// blend moves a pixel towards c; a is 0 to 255.
func blend(px []uint8, c colour, a int) {
	_ = px[2]
	px[0] = uint8((int(px[0])*(255-a) + int(c[0])*a + 127) / 255)
	px[1] = uint8((int(px[1])*(255-a) + int(c[1])*a + 127) / 255)
	px[2] = uint8((int(px[2])*(255-a) + int(c[2])*a + 127) / 255)
}

// stain multiplies a pixel by c where a is 255, leaving it where a is 0.
func stain(px []uint8, c colour, a int) {
	_ = px[2]
	for k := range 3 {
		px[k] = uint8(int(px[k]) * (255*255 - a*(255-int(c[k]))) / (255 * 255))
	}
}

// byteOf rounds a value to a sample.
func byteOf(v float32) uint8 {
	if v <= 0 {
		return 0
	}
	if v >= 255 {
		return 255
	}
	return uint8(v + 0.5)
}

// lerpColour goes from a to b as t goes from 0 to 1.
func lerpColour(a, b colour, t float32) colour {
	var c colour
	for k := range c {
		c[k] = byteOf(mix(float32(a[k]), float32(b[k]), t))
	}
	return c
}
