package iiif_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

var update = flag.Bool("update", false, "rewrite the golden files; then compare them with the specifications by hand")

// TestInfoGolden is rows 3 and 14: the complete documents of both versions.
func TestInfoGolden(t *testing.T) {
	example := iiif.Info{Width: 4000, Height: 2250}
	for _, c := range []struct {
		name string
		in   iiif.Info
		lim  iiif.Limits
		id   string
	}{
		{"example", example, iiif.Limits{MaxArea: 100_000_000}, "painting"},
		{"unlimited", example, iiif.Limits{}, "painting"},
		{"rights", iiif.Info{
			Width: 1200, Height: 1801, Native: iiif.Gray,
			Formats: []iiif.Format{iiif.JPG, iiif.PNG, iiif.WebP}, Preferred: []iiif.Format{iiif.WebP, iiif.JPG, iiif.PDF},
			Rights: "http://rightsstatements.org/vocab/InC-EDU/1.0/", Attribution: `<span>Museum "Ø"</span>`, Logo: "https://example.org/logo.png",
		}, iiif.Limits{MaxWidth: 1000, NoUpscale: true}, "a%2Fb"},
	} {
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			got := c.in.AppendJSON(nil, v, "https://example.org/iiif/"+v.String()+"/"+c.id, c.lim)
			file := filepath.Join("testdata", fmt.Sprintf("info-%s-v%s.json", c.name, v))
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != string(want) {
				t.Errorf("%s differs:\n%s", file, got)
			}
		}
	}
}

// document is what clients read of an info.json of either version.
type document struct {
	MaxWidth, MaxHeight int
	MaxArea             int64
	Sizes               []iiif.Size
	Tiles               []struct {
		Width, Height int
		ScaleFactors  []int
	}
	ExtraFeatures []string
	Profile       json.RawMessage
}

// read decodes an info.json; for version 2 the members of the profile object are
// merged in, "supports" as ExtraFeatures.
func read(t *testing.T, in iiif.Info, v iiif.Version, lim iiif.Limits) document {
	t.Helper()
	var d document
	doc := in.AppendJSON(nil, v, "https://example.org/id", lim)
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatalf("%v:\n%s", err, doc)
	}
	if v == iiif.V2 {
		var list []json.RawMessage
		var more struct {
			MaxWidth, MaxHeight int
			MaxArea             int64
			Supports            []string
		}
		if err := json.Unmarshal(d.Profile, &list); err != nil || len(list) != 2 {
			t.Fatalf("profile %s: %v", d.Profile, err)
		}
		if err := json.Unmarshal(list[1], &more); err != nil {
			t.Fatal(err)
		}
		d.MaxWidth, d.MaxHeight, d.MaxArea, d.ExtraFeatures = more.MaxWidth, more.MaxHeight, more.MaxArea, more.Supports
	}
	if len(d.Tiles) != 1 {
		t.Fatalf("%d tilings", len(d.Tiles))
	}
	return d
}

// TestInfoSizes: the sizes and scale factors that administrators know, computed by
// hand, and sane ones for images of unusual shape.
func TestInfoSizes(t *testing.T) {
	for _, c := range []struct {
		in    iiif.Info
		lim   iiif.Limits
		sizes string
		tiles string
	}{
		{iiif.Info{Width: 4000, Height: 2250}, iiif.Limits{}, "125×70 250×141 500×281 1000×563 2000×1125 4000×2250", "512×512 [1 2 4 8 16 32]"},
		{iiif.Info{Width: 4000, Height: 2250}, iiif.Limits{MaxArea: 2_000_000}, "125×70 250×141 500×281 1000×563", "512×512 [1 2 4 8 16 32]"},
		{iiif.Info{Width: 4000, Height: 2250}, iiif.Limits{MaxArea: 2_250_000}, "125×70 250×141 500×281 1000×563 2000×1125", "512×512 [1 2 4 8 16 32]"},
		{iiif.Info{Width: 4000, Height: 2250}, iiif.Limits{MaxWidth: 300}, "125×70 250×141", "300×300 [1 2 4 8 16 32]"},
		{iiif.Info{Width: 1000, Height: 1000}, iiif.Limits{}, "125×125 250×250 500×500 1000×1000", "512×512 [1 2 4 8]"},
		{iiif.Info{Width: 128, Height: 128}, iiif.Limits{}, "64×64 128×128", "128×128 [1 2]"},
		{iiif.Info{Width: 127, Height: 127}, iiif.Limits{}, "127×127", "127×127 [1]"},
		{iiif.Info{Width: 100, Height: 100}, iiif.Limits{}, "100×100", "100×100 [1]"},
		{iiif.Info{Width: 1, Height: 1}, iiif.Limits{}, "1×1", "1×1 [1]"},
		// A scroll: sizes end where the shorter side does, tiles where one holds all.
		{iiif.Info{Width: 60000, Height: 1500}, iiif.Limits{}, "3750×94 7500×188 15000×375 30000×750 60000×1500", "512×512 [1 2 4 8 16 32 64 128]"},
		{iiif.Info{Width: 10000, Height: 3}, iiif.Limits{}, "10000×3", "512×3 [1 2 4 8 16 32]"},
		{iiif.Info{Width: 10000, Height: 3}, iiif.Limits{MaxWidth: 500}, "", "500×3 [1 2 4 8 16 32]"},
		// Settings.
		{iiif.Info{Width: 1000, Height: 800, TileWidth: 256, TileHeight: 128, MinSize: 300}, iiif.Limits{}, "500×400 1000×800", "256×128 [1 2 4 8]"},
		{iiif.Info{Width: 4001, Height: 2251, Sizes: []iiif.Size{{2000, 1125}, {1000, 562}, {500, 281}, {0, 5}, {9000, 9}}}, iiif.Limits{},
			"500×281 1000×562 2000×1125 4001×2251", "512×512 [1 2 4 8 16 32]"},
		{iiif.Info{Width: 100, Height: 80, Sizes: []iiif.Size{{100, 80}, {50, 40}, {50, 40}}}, iiif.Limits{}, "50×40 100×80", "100×80 [1]"},
		{iiif.Info{Width: 1000, Height: 1000}, iiif.Limits{MaxArea: 10_000}, "", "100×100 [1 2 4 8 16]"},
	} {
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			d := read(t, c.in, v, c.lim)
			var sizes []string
			for _, s := range d.Sizes {
				sizes = append(sizes, fmt.Sprintf("%d×%d", s.Width, s.Height))
			}
			tiles := fmt.Sprintf("%d×%d %v", d.Tiles[0].Width, d.Tiles[0].Height, d.Tiles[0].ScaleFactors)
			if got := strings.Join(sizes, " "); got != c.sizes || tiles != c.tiles {
				t.Errorf("%d×%d %+v:\n%s, %s; want\n%s, %s", c.in.Width, c.in.Height, c.lim, got, tiles, c.sizes, c.tiles)
			}
		}
	}
}

// TestInfoLimits is row 3: maxHeight never without maxWidth, upscaling never
// without one of the limits; and row 4: what is declared is what counts.
func TestInfoLimits(t *testing.T) {
	in := iiif.Info{Width: 300, Height: 200}
	for _, c := range []struct {
		lim       iiif.Limits
		w, h      int
		area      int64
		upscaling bool
	}{
		{iiif.Limits{}, 0, 0, 0, false},
		{iiif.Limits{MaxWidth: 500}, 500, 500, 0, true},
		{iiif.Limits{MaxHeight: 500}, 500, 500, 0, true},
		{iiif.Limits{MaxWidth: 500, MaxHeight: 400}, 500, 400, 0, true},
		{iiif.Limits{MaxArea: 5e5}, 0, 0, 5e5, true},
		{iiif.Limits{MaxArea: 5e5, NoUpscale: true}, 0, 0, 5e5, false},
		{iiif.Limits{MaxUpscale: 2}, 0, 0, 240000, true},
		{iiif.Limits{MaxUpscale: 2, MaxArea: 1e5}, 0, 0, 1e5, true},
		{iiif.Limits{MaxUpscale: 2, NoUpscale: true}, 0, 0, 0, false},
		{iiif.Limits{MaxWidth: -1, MaxArea: -1, MaxUpscale: -1}, 0, 0, 0, false},
	} {
		for v, feature := range map[iiif.Version]string{iiif.V2: "sizeAboveFull", iiif.V3: "sizeUpscaling"} {
			d := read(t, in, v, c.lim)
			if d.MaxWidth != c.w || d.MaxHeight != c.h || d.MaxArea != c.area || slices.Contains(d.ExtraFeatures, feature) != c.upscaling {
				t.Errorf("version %v %+v: %d %d %d %v", v, c.lim, d.MaxWidth, d.MaxHeight, d.MaxArea, d.ExtraFeatures)
			}
			size := "301,"
			if v == iiif.V3 {
				size = "^301,"
			}
			if _, err := resolve(v, "full/"+size+"/0/default.jpg", in, c.lim); (err == nil) != c.upscaling {
				t.Errorf("version %v %+v: upscaling is advertised %v, served: %v", v, c.lim, c.upscaling, err)
			}
		}
	}
}

// TestInfoFeatures is row 14: no feature name of the other version, none that the
// level has already (3.0 §5.7 and compliance, 2.1 §5.3 and level2.json), and each
// only once.
func TestInfoFeatures(t *testing.T) {
	level2 := []string{"baseUriRedirect", "cors", "jsonldMediaType", "regionByPct", "regionByPx", "rotationBy90s",
		"sizeByConfinedWh", "sizeByH", "sizeByPct", "sizeByW", "sizeByWh"}
	beyond := map[iiif.Version][]string{
		iiif.V2: {"canonicalLinkHeader", "mirroring", "profileLinkHeader", "regionSquare", "rotationArbitrary", "sizeAboveFull"},
		iiif.V3: {"canonicalLinkHeader", "mirroring", "profileLinkHeader", "rotationArbitrary", "sizeUpscaling"},
	}
	for v, want := range beyond {
		got := read(t, iiif.Info{Width: 9, Height: 9}, v, iiif.Limits{MaxArea: 100}).ExtraFeatures
		if !slices.Equal(got, want) {
			t.Errorf("version %v: %v, want %v", v, got, want)
		}
		for _, f := range got {
			if slices.Contains(level2, f) {
				t.Errorf("version %v: %s is part of level 2", v, f)
			}
		}
	}
}

// TestInfoLines: whatever a property holds, it stays on its line.
func TestInfoLines(t *testing.T) {
	in := iiif.Info{Width: 9, Height: 9, Attribution: "a\nb\u2028c\u2029d\x00e\"f\\g\xff"}
	doc := string(in.AppendJSON(nil, iiif.V2, "https://example.org/id", iiif.Limits{}))
	if want := "\n  \"attribution\": \"a\\nb\\u2028c\\u2029d\\u0000e\\\"f\\\\g\ufffd\"\n}\n"; !strings.HasSuffix(doc, want) {
		t.Errorf("%s\nwant %s", doc, want)
	}
}

func TestURIs(t *testing.T) {
	// Row 6: http, though the site has https.
	if got := iiif.ProfileURI(iiif.V2) + " " + iiif.ProfileURI(iiif.V3); got != "http://iiif.io/api/image/2/level2.json http://iiif.io/api/image/3/level2.json" {
		t.Error(got)
	}
	if got := iiif.ContextURI(iiif.V2) + " " + iiif.ContextURI(iiif.V3); got != "http://iiif.io/api/image/2/context.json http://iiif.io/api/image/3/context.json" {
		t.Error(got)
	}
}

// FuzzAppendJSON decodes the document with encoding/json.
func FuzzAppendJSON(f *testing.F) {
	f.Add("https://example.org/iiif/3/a", `"\`+"\u2028\x00\x7f\t\r\n", "<b>é🖼</b>", 4000, 2250, int64(1e8), 0, uint8(0))
	f.Add("\xff\xc2", "\xed\xa0\x80", "\ufffd", 1, 1, int64(0), 7, uint8(255))
	f.Fuzz(func(t *testing.T, uri, rights, attribution string, w, h int, area int64, maxW int, bits uint8) {
		w, h = 1+abs(w)%100_000, 1+abs(h)%100_000
		in := iiif.Info{Width: w, Height: h, Rights: rights, Attribution: attribution, Logo: attribution, Native: iiif.Quality(bits % 4)}
		if bits&4 != 0 {
			in.Formats = []iiif.Format{iiif.Format(bits), iiif.Format(bits >> 4)}
			in.Preferred = in.Formats
		}
		lim := iiif.Limits{MaxArea: area, MaxWidth: maxW}
		for _, v := range []iiif.Version{iiif.V2, iiif.V3} {
			before := []byte("before")
			doc := in.AppendJSON(before, v, uri, lim)
			if !strings.HasPrefix(string(doc), "before{") || !utf8.Valid(doc) {
				t.Fatalf("%q", doc)
			}
			var got map[string]any
			if err := json.Unmarshal(doc[len("before"):], &got); err != nil {
				t.Fatalf("%v:\n%s", err, doc)
			}
			want := map[string]string{"id": uri, "rights": rights, "attribution": "", "logo": "", "license": "", "@id": ""}
			if v == iiif.V2 {
				want = map[string]string{"@id": uri, "license": rights, "attribution": attribution, "logo": attribution, "rights": "", "id": ""}
			}
			for key, text := range want {
				s, _ := got[key].(string)
				// As encoding/json does it: every byte that is not UTF-8 becomes U+FFFD.
				if s != strings.ToValidUTF8(text, "\ufffd") && !reflect.DeepEqual([]rune(s), []rune(text)) {
					t.Fatalf("%s: %q, want %q", key, s, text)
				}
				if _, there := got[key]; there != (text != "" || key == "id" && v == iiif.V3 || key == "@id" && v == iiif.V2) {
					t.Fatalf("%s is there: %v", key, there)
				}
			}
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}
