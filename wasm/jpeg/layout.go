package jpeg

import (
	"errors"
	"image"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	// fixedBytes is what a decoder takes besides samples and coefficients:
	// input buffer, tables and itself.
	fixedBytes = 256 << 10
	// chunkBytes is the size up to which a plane is allocated before any of its
	// data were seen. Larger planes grow eightfold as their rows arrive.
	chunkBytes = 8 << 20
	// growth is the factor by which planes grow.
	growth = 8
)

// layout says which part of an image is decoded, and into what.
type layout struct {
	scale   int // 1, 2, 4, 8
	size    int // samples per block and direction in the result: 8/scale
	cols    int // MCUs per row of the image
	rows    int
	mcu     image.Rectangle // wanted MCUs
	rect    image.Rectangle // the same in scaled pixels, clipped to the image
	dcOnly  bool            // coefficients are held, but only DC ones
	lowPass bool            // 2 × 2 coefficients make 2 × 2 samples
	bytes   int64           // memory for it all
}

// grid is the place of one component in a layout, in blocks.
type grid struct {
	h, v         int             // blocks per MCU
	cols, rows   int             // blocks that hold image: those of its own scans
	padded       int             // blocks per row with those that fill up MCUs
	want         image.Rectangle // wanted blocks, including such
	stride       int             // samples per row of the result
	lines        int             // rows of samples of the result
	firstLines   int             // rows to allocate at first
	coefPerBlock int             // coefficients held per block, 0, 1 or 64
}

// newLayout works out the layout of o for the image with header h.
func newLayout(op string, h Header, o DecodeOptions) (layout, error) {
	l := layout{scale: max(o.Scale, 1)}
	if l.scale&(l.scale-1) != 0 || l.scale > 8 || o.Scale < 0 || h.Width < 1 || h.Height < 1 {
		return l, fault.E(op, fault.Invalid, errors.New("scale must be 1, 2, 4 or 8 and the header from ReadHeader"))
	}
	whole := image.Rect(0, 0, h.Width, h.Height)
	r := o.Region.Intersect(whole)
	if o.Region.Empty() {
		r = whole
	} else if r.Empty() {
		return l, fault.E(op, fault.Invalid, errors.New("the region lies outside of the image"))
	}
	hmax, vmax := h.maxSampling()
	w, ht := 8*hmax, 8*vmax
	l.size = 8 / l.scale
	l.cols, l.rows = ceilDiv(h.Width, w), ceilDiv(h.Height, ht)
	l.mcu = image.Rect(r.Min.X/w, r.Min.Y/ht, ceilDiv(r.Max.X, w), ceilDiv(r.Max.Y, ht))
	l.dcOnly = h.Progressive && l.scale == 8
	l.lowPass = o.LowPass && l.scale == 4

	width, height := h.Scaled(l.scale)
	l.rect = image.Rect(l.mcu.Min.X*w/l.scale, l.mcu.Min.Y*ht/l.scale,
		l.mcu.Max.X*w/l.scale, l.mcu.Max.Y*ht/l.scale).Intersect(image.Rect(0, 0, width, height))

	l.bytes = fixedBytes + int64(len(h.ICC)+h.collected)
	for i := range h.Components {
		g := l.grid(&h, i)
		plane := int64(g.stride) * int64(g.lines)
		l.bytes += plane
		if g.firstLines < g.lines {
			l.bytes += plane/(growth-1) + 2*int64(g.stride) // the smaller ones that were outgrown
		}
		if g.coefPerBlock > 0 {
			held := int64(l.mcu.Max.Y * g.v)
			l.bytes += held * (24 + allocated(int64(g.padded)*int64(g.coefPerBlock)*2))
			if g.coefPerBlock == 64 {
				l.bytes += held * (24 + allocated(int64(g.padded)*8))
			}
		}
		if h.expand {
			l.bytes += int64(l.rect.Dx()) * int64(l.rect.Dy())
		}
	}
	return l, nil
}

// allocated returns what the allocator takes for n bytes: it rounds up to size
// classes at most 1/8 apart, and large ones to pages.
func allocated(n int64) int64 {
	if n <= 32<<10 {
		return n + n/8 + 16
	}
	return (n + 8191) &^ 8191
}

// grid works out the place of component i.
func (l *layout) grid(h *Header, i int) grid {
	hmax, vmax := h.maxSampling()
	g := grid{h: h.sampling[i][0], v: h.sampling[i][1]}
	g.cols = ceilDiv(ceilDiv(h.Width*g.h, hmax), 8)
	g.rows = ceilDiv(ceilDiv(h.Height*g.v, vmax), 8)
	g.padded = l.cols * g.h
	g.want = image.Rect(l.mcu.Min.X*g.h, l.mcu.Min.Y*g.v, l.mcu.Max.X*g.h, l.mcu.Max.Y*g.v)
	g.stride = g.want.Dx() * l.size
	g.lines = g.want.Dy() * l.size
	g.firstLines = g.lines
	if !h.Progressive {
		for int64(g.firstLines)*int64(g.stride) > chunkBytes && g.firstLines > l.size*g.v {
			g.firstLines = ceilDiv(g.firstLines, growth)
		}
	} else if l.dcOnly {
		g.coefPerBlock = 1
	} else {
		g.coefPerBlock = 64
	}
	return g
}

// component is one colour component while it is decoded.
type component struct {
	grid
	latched bool       // its scans have begun
	quant   [64]uint16 // of its first scan, in natural order
	pred    int32      // DC of the block before

	pix  []byte    // samples, rows of stride
	coef [][]int16 // progressive: coefficients by row of blocks, nil for all zero
	// nonzero says of each block which AC coefficients are not zero, by zigzag place;
	// empty where coef is, and when only DC coefficients are held.
	nonzero [][]uint64
	low     [64]int8 // lowest bit that has arrived of each coefficient, by zigzag place; -1 none
}

// newComponents makes the components of a layout.
func newComponents(h *Header, l *layout) []component {
	comps := make([]component, h.Components)
	for i := range comps {
		c := &comps[i]
		c.grid = l.grid(h, i)
		if h.Progressive {
			c.coef = make([][]int16, l.mcu.Max.Y*c.v)
			c.nonzero = make([][]uint64, len(c.coef))
		}
		for k := range c.low {
			c.low[k] = -1
		}
	}
	return comps
}

// grow makes pix hold at least n rows. Rows that nothing is written to stay 0.
func (c *component) grow(n int) {
	have := 0
	if c.stride > 0 {
		have = len(c.pix) / c.stride
	}
	if have >= n {
		return
	}
	next := c.firstLines
	for next < n {
		next = min(c.lines, growth*next)
	}
	pix := make([]byte, next*c.stride)
	copy(pix, c.pix)
	c.pix = pix
}

// at returns the samples of the result from the top left one of block (bx, by)
// on, which must be wanted.
func (c *component) at(bx, by, size int) []byte {
	return c.pix[((by-c.want.Min.Y)*c.stride+(bx-c.want.Min.X))*size:]
}

// row returns the coefficients of row by of blocks, allocated when they are not.
func (c *component) row(by int) []int16 {
	if c.coef[by] == nil {
		c.coef[by] = make([]int16, c.padded*c.coefPerBlock)
		if c.coefPerBlock == 64 {
			c.nonzero[by] = make([]uint64, c.padded)
		}
	}
	return c.coef[by]
}
