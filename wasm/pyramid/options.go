package pyramid

import (
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Options says what a Writer writes. Width, Height and Colour are needed.
type Options struct {
	// Width and Height are the dimensions of the upright image in pixels.
	Width, Height int
	// Colour is the colour model of all tiles.
	Colour Colour
	// SubX and SubY are the chroma subsampling factors of all YCbCr tiles: 1, 2
	// or 4; default 1. Ignored for gray.
	SubX, SubY int
	// TileSize is the width and height of a tile in pixels, a multiple of 16 and
	// of 8 times the subsampling. Default 512.
	TileSize int
	// ICC is the colour profile, nil for none; else 128 bytes to 4 MiB. It is
	// stored once, after the head; browsers see only what tiles carry themselves.
	ICC []byte
	// Revision says what the pyramid was made of: up to 32 printable ASCII
	// characters without spaces, such as source.Object.Revision gives.
	Revision string
	// Lossless says that the tiles of level 0 have the source's own
	// coefficients: no generation was lost.
	Lossless bool
	// Quality is the JPEG quality that tiles were encoded with, 1 to 100, as a
	// note to the reader; 0 for unknown.
	Quality int
	// Resolution is in pixels per inch, for print. Default 72.
	Resolution int
	// Software is a name for the tag of that name, up to 63 printable ASCII
	// characters. Default none.
	Software string
	// MaxBytes is the most bytes that the caller thinks the file may have: above
	// 4 GB it becomes a BigTIFF, which some old programs do not read. Default a
	// byte per sample, the most that usual qualities make. A file that comes out
	// larger than 4 GiB and is no BigTIFF fails.
	MaxBytes int64
}

const (
	minICC, maxICC = 128, 4 << 20
	maxRevision    = 32
	maxSoftware    = 63
	// classicMax is the size up to which a file is a classic TIFF: 4 GiB, less
	// some for the head.
	classicMax = 4 << 30
)

// check fills in defaults and refuses what is out of range, as Invalid.
func (o *Options) check() error {
	invalid := func(what string) error {
		return fault.New("pyramid.NewWriter", fault.Invalid, what)
	}
	if o.SubX == 0 || o.Colour == Gray {
		o.SubX = 1
	}
	if o.SubY == 0 || o.Colour == Gray {
		o.SubY = 1
	}
	if o.TileSize == 0 {
		o.TileSize = 512
	}
	if o.Resolution == 0 {
		o.Resolution = 72
	}
	switch {
	case o.Colour != Gray && o.Colour != YCbCr:
		return invalid("the colour must be gray or YCbCr")
	case !validGeometry(o.Width, o.Height, o.TileSize):
		return invalid("the image or tile size is out of range")
	case !factor(o.SubX) || !factor(o.SubY):
		return invalid("chroma is subsampled by 1, 2 or 4")
	case o.TileSize%(8*o.SubX) != 0 || o.TileSize%(8*o.SubY) != 0:
		return invalid("tiles must hold whole JPEG units")
	case len(o.ICC) != 0 && (len(o.ICC) < minICC || len(o.ICC) > maxICC):
		return invalid("the colour profile must have 128 bytes to 4 MiB")
	case len(o.Revision) > maxRevision || !printable(o.Revision, '!'):
		return invalid("the revision must have at most 32 printable ASCII characters")
	case len(o.Software) > maxSoftware || !printable(o.Software, ' '):
		return invalid("the software's name must have at most 63 printable ASCII characters")
	case o.Quality < 0 || o.Quality > 100 || o.Resolution < 1 || o.Resolution > 1<<20 || o.MaxBytes < 0:
		return invalid("quality, resolution or size is out of range")
	}
	return nil
}

func factor(n int) bool { return n == 1 || n == 2 || n == 4 }

// printable reports whether s has nothing but ASCII characters from least to ~.
func printable(s string, least byte) bool {
	for i := range len(s) {
		if s[i] < least || s[i] > '~' {
			return false
		}
	}
	return true
}

// big reports whether the file has to be a BigTIFF.
func (o *Options) big(g *Geometry) bool {
	most := o.MaxBytes
	if most == 0 {
		area := int64(o.TileSize) * int64(o.TileSize)
		samples := area
		if o.Colour == YCbCr {
			samples += 2 * area / int64(o.SubX*o.SubY)
		}
		for i := range g.grids {
			most += (g.grids[i].tiles() + g.grids[i].slots()) * samples
		}
		most += int64(len(o.ICC))
	}
	return most > classicMax-maxHead
}
