package tiff

import (
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Bits of NewSubfileType.
const (
	reducedImage = 1
	maskImage    = 4
)

// directory is an IFD of the main chain and its NewSubfileType.
type directory struct {
	*ifd
	kind uint64
}

// readChain reads the directories from off on. Failures after the first
// directory end the chain: the first page is what is served, and a file that was
// cut keeps it. An outage is a failure all the same.
func readChain(in *input, f format, off int64, limit int, seen map[int64]bool) ([]directory, error) {
	var chain []directory
	for off != 0 && len(chain) < limit && !seen[off] {
		seen[off] = true
		d, err := readIFD(in, f, off)
		if err == nil {
			var kind uint64
			if kind, err = d.uint(tagNewSubfileType, 0); err == nil {
				chain = append(chain, directory{d, kind})
				off = d.next
				continue
			}
		}
		if len(chain) > 0 && badData(err) {
			break
		}
		return nil, err
	}
	return chain, nil
}

// badData reports whether err is the file's fault rather than the storage's.
func badData(err error) bool {
	return fault.Is(err, fault.Corrupt) || fault.Is(err, fault.Unsupported)
}

// addSubIFDs adds the reduced images below the main page, where current
// pyramid writers put them (TIFF technical note 1).
func (f *File) addSubIFDs(page *ifd, seen map[int64]bool) error {
	offs, err := page.uints(tagSubIFDs, f.lim.MaxPages)
	if err != nil && !badData(err) {
		return err
	}
	for _, v := range offs {
		off, err := offset64(v)
		if err != nil || off == 0 || seen[off] {
			continue
		}
		seen[off] = true
		d, err := readIFD(page.in, page.format, off)
		if err == nil {
			err = f.addLevel(d)
		}
		if err != nil && !badData(err) {
			return err
		}
	}
	return nil
}

// addFollowing adds reduced images that follow the main page in the chain, up to
// the next full page. Old writers leave the flag out: then pages of the same
// layout that are each half as large as the one before are taken, as libvips
// does.
func (f *File) addFollowing(dirs []directory, main int) error {
	flagged := false
	for _, d := range dirs[main+1:] {
		if d.kind&maskImage != 0 {
			continue
		}
		if d.kind&reducedImage == 0 {
			break
		}
		flagged = true
		if err := f.addLevel(d.ifd); err != nil && !badData(err) {
			return err
		}
	}
	if flagged || len(f.levels) > 1 {
		return nil
	}
	prev := f.levels[0]
	for _, d := range dirs[main+1:] {
		if d.kind != 0 {
			continue
		}
		l, err := parseLevel(d.ifd, f.lim)
		if err != nil && !badData(err) {
			return err
		}
		if err != nil || !l.halfOf(prev) {
			break
		}
		f.levels = append(f.levels, l)
		f.pages--
		prev = l
	}
	return nil
}

// addLevel adds the image of d to the levels when it is a reduced version of
// level 0; others (thumbnails of another shape, depth maps) are left out.
func (f *File) addLevel(d *ifd) error {
	kind, err := d.uint(tagNewSubfileType, 0)
	if err != nil || kind&maskImage != 0 {
		return err
	}
	l, err := parseLevel(d, f.lim)
	if err != nil {
		return err
	}
	if !l.reducedFrom(f.levels[0]) {
		return nil
	}
	for _, other := range f.levels {
		if other.Width == l.Width && other.Height == l.Height {
			return nil
		}
	}
	f.levels = append(f.levels, l)
	return nil
}

// reducedFrom reports whether l can be a smaller version of top: the same colours
// and the same shape. Pyramids round their sizes down, up or to nearest, some at
// each step, so one dimension derived from the other may be off by two.
func (l *level) reducedFrom(top *level) bool {
	if l.Width >= top.Width && l.Height >= top.Height || l.Width > top.Width || l.Height > top.Height {
		return false
	}
	if l.colourClass() != top.colourClass() || l.HasAlpha != top.HasAlpha {
		return false
	}
	w, h := int64(l.Width), int64(l.Height)
	tw, th := int64(top.Width), int64(top.Height)
	// |w/tw − h/th| ≤ 2/tw + 2/th, without division.
	diff := w*th - h*tw
	if diff < 0 {
		diff = -diff
	}
	return diff <= 2*(tw+th)
}

// colourClass is 1 for gray, 3 for colour (RGB, YCbCr and palette may stand in
// one pyramid), 4 for CMYK.
func (l *level) colourClass() int { return l.Model.Planes() }

// halfOf reports whether l looks like the next step of an unmarked pyramid.
func (l *level) halfOf(p *level) bool {
	near := func(a, b int) bool { return a >= (b-3)/2 && a <= (b+3)/2 }
	return near(l.Width, p.Width) && near(l.Height, p.Height) && p.Width > 1 &&
		l.Tiled && p.Tiled && l.TileWidth == p.TileWidth && l.TileHeight == p.TileHeight &&
		l.Compression == p.Compression && l.Photometric == p.Photometric &&
		l.BitsPerSample == p.BitsPerSample && l.SamplesPerPixel == p.SamplesPerPixel && l.Planar == p.Planar
}
