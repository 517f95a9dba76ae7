package codec

import (
	"bytes"
	"context"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pyramid"
	"github.com/vitrine-iiif/vitrine/wasm/tiff"
)

// Tiles is what the tiles of a TIFF of another writer are as files.
type Tiles struct {
	// Size is their width and height in pixels.
	Size int
	// Levels is the number of levels, from the largest on, of which every one has
	// exactly half the width and height of the one before.
	Levels int
	// Header is that of the first tile.
	Header jpeg.Header
}

// Tiles describes the tiles that Tile returns. ok is false when the picture has none:
// tiles that are not JPEG, are not square, or whose colours no JPEG states by itself
// (RGB). Errors: those of the reader.
func (p *Picture) Tiles(ctx context.Context) (t Tiles, ok bool, err error) {
	f, is := p.stored.(*tiffFile)
	if !is || f.index != nil || p.facts.orientation > 1 || f.layout == nil {
		return t, false, nil
	}
	top := f.file.Levels()[0]
	t.Size = top.TileWidth
	for k, l := range f.file.Levels() {
		if f.layout.Levels[k].Form != pyramid.Abbreviated || l.Photometric != top.Photometric || l.Photometric == tiff.RGB ||
			l.TileWidth != t.Size || l.TileHeight != t.Size || l.Width<<k != top.Width || l.Height<<k != top.Height {
			break
		}
		t.Levels++
	}
	if t.Levels == 0 {
		return t, false, nil
	}
	first, err := p.Tile(ctx, 0, 0, 0, false)
	if err == nil {
		t.Header, err = jpeg.ReadHeader(bytes.NewReader(first))
	}
	if fault.Is(err, fault.Corrupt) || fault.Is(err, fault.Unsupported) {
		return t, false, nil
	}
	return t, err == nil, err
}

// Tile returns a tile of the picture as a complete JPEG with the coefficients that
// are stored, and the picture's colour profile if profile is set. Tiles of the last
// column and row are padded. Errors: Invalid for a tile that does not exist, Corrupt
// for one that is not stored or is no JPEG, and those of the reader.
func (p *Picture) Tile(ctx context.Context, level, col, row int, profile bool) (data []byte, err error) {
	const op = "codec.Tile"
	f, is := p.stored.(*tiffFile)
	if !is || level < 0 || level >= len(f.file.Levels()) {
		return nil, fault.E(op, fault.Invalid, nil)
	}
	in := &input{ctx: ctx, r: p.r, size: p.size}
	defer func() { err = in.fail(op, err) }()
	defer guard(&err)
	file := f.file.Reading(in)
	offset, length, err := file.TileRange(level, col, row)
	if err != nil {
		return nil, err
	}
	if length == 0 {
		return nil, errorText("a tile is not stored")
	}
	stored, err := in.bytes(offset, int(min(length, maxTileBytes)))
	if err != nil {
		return nil, err
	}
	data, err = jpeg.Splice(nil, file.JPEGTables(level), jpeg.TrimTile(stored), int(file.Levels()[level].Photometric))
	if err == nil && profile && p.facts.icc != nil {
		data, err = withProfile(data, p.facts.icc)
	}
	return data, err
}

// maxTileBytes bounds a tile as stored: four bytes for each of 4096 × 4096 pixels.
const maxTileBytes = 64 << 20
