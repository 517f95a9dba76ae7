package codec

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
)

// TestStored: the aligned tiles of a pyramid by libvips are answered by what is
// stored, with the pixels that libvips reads from the file; other requests are not.
func TestStored(t *testing.T) {
	need(t, "vips")
	const photo = "/usr/share/backgrounds/mate/nature/Storm.jpg"
	if _, err := os.Stat(photo); err != nil {
		missing(t, photo)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name, options string
	}{
		{"ycbcr", "--Q 85"}, {"rgb", "--Q 95"}, {"profile", "--Q 85 --profile srgb"}, {"bigtiff", "--Q 80 --bigtiff"},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := filepath.Join(dir, c.name+".tif")
			args := append([]string{"tiffsave", photo, name, "--tile", "--pyramid", "--compression", "jpeg", "--tile-width", "256", "--tile-height", "256"}, strings.Fields(c.options)...)
			if out, err := exec.Command("vips", args...).CombinedOutput(); err != nil {
				t.Fatalf("vips %v: %v: %s", args, err, out)
			}
			file, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := Open(bytes.NewReader(file), int64(len(file)), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if p.TileSize() != image.Pt(256, 256) {
				t.Fatalf("tiles of %v", p.TileSize())
			}
			passed := 0
			for level := range 3 {
				size := p.Levels()[level]
				for y := 0; y < size.Y; y += 256 {
					for x := 0; x < size.X; x += 256 {
						w, h := min(256, size.X-x), min(256, size.Y-y)
						data, ok := storedTile(t, p, fmt.Sprintf("%d,%d,%d,%d/%d,%d/0/default.jpg",
							x<<level, y<<level, min(w<<level, p.Width()-x<<level), min(h<<level, p.Height()-y<<level), w, h))
						if !ok {
							t.Errorf("level %d: the tile at %d,%d does not pass", level, x, y)
							continue
						}
						passed++
						sameTile(t, p, level, image.Rect(x, y, x+w, y+h), data)
						if icc := p.ICC(); icc != nil && !bytes.Contains(data, icc[:64]) {
							t.Errorf("the tile has lost its profile of %d bytes", len(icc))
						}
					}
				}
			}
			if passed < 50 {
				t.Errorf("only %d tiles passed", passed)
			}
			for _, other := range []string{
				"10,0,256,256/256,256/0/default.jpg", "0,0,256,256/128,128/0/default.jpg", "0,0,256,256/256,256/90/default.jpg",
				"0,0,256,256/256,256/0/gray.jpg", "0,0,256,256/256,256/0/default.png", "0,0,256,256/256,256/!0/default.jpg", "full/max/0/default.jpg",
			} {
				if _, ok := storedTile(t, p, other); ok {
					t.Errorf("%s is answered by a stored tile", other)
				}
			}
		})
	}
}

func storedTile(t *testing.T, p *Picture, request string) ([]byte, bool) {
	t.Helper()
	req, err := iiif.Parse("/iiif/3/x/" + request)
	if err != nil {
		t.Fatal(err)
	}
	c, err := req.Resolve(iiif.Info{Width: p.Width(), Height: p.Height()}, iiif.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	data, ok, err := p.Stored(t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return data, ok
}

// sameTile compares a passed tile with the region of the level, in RGB as the
// tile's own markers say; the level's decode is checked against libvips elsewhere.
func sameTile(t *testing.T, p *Picture, level int, r image.Rectangle, data []byte) {
	t.Helper()
	tile, err := jpeg.Decode(bytes.NewReader(data), jpeg.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := p.Decode(t.Context(), level, r)
	if err != nil {
		t.Fatal(err)
	}
	if tile.Model != want.Model || tile.Width != r.Dx() || tile.Height != r.Dy() {
		t.Fatalf("level %d %v: %d × %d of model %d, want model %d", level, r, tile.Width, tile.Height, tile.Model, want.Model)
	}
	for y := range r.Dy() {
		got := tile.Planes[0].Row(y)
		stored := want.Planes[0].Row(r.Min.Y - want.Rect.Min.Y + y)[r.Min.X-want.Rect.Min.X:][:r.Dx()]
		if !bytes.Equal(got, stored) {
			t.Fatalf("level %d %v: row %d differs", level, r, y)
		}
	}
}
