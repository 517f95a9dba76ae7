package viewer

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestContrast: text and controls of both colour schemes meet WCAG 2.1 AA on both
// grounds: 4.5 to 1, and 3 to 1 for the focus ring.
func TestContrast(t *testing.T) {
	css, err := assets.ReadFile("assets/site.css")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllSubmatch(css, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d colour schemes", len(blocks))
	}
	for _, block := range blocks {
		colours := map[string]float64{} // name → relative luminance
		for _, m := range regexp.MustCompile(`--(\w+): #(\w{2})(\w{2})(\w{2});`).FindAllStringSubmatch(string(block[1]), -1) {
			lum := 0.0
			for i, weight := range []float64{.2126, .7152, .0722} {
				n, _ := strconv.ParseUint(m[2+i], 16, 8)
				c := float64(n) / 255
				if c <= .03928 {
					c /= 12.92
				} else {
					c = math.Pow((c+.055)/1.055, 2.4)
				}
				lum += weight * c
			}
			colours[m[1]] = lum
		}
		for _, ground := range []string{"wall", "mat"} {
			for name, least := range map[string]float64{"ink": 4.5, "faint": 4.5, "accent": 4.5, "focus": 3} {
				a, b := colours[name], colours[ground]
				if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < least {
					t.Errorf("%s on %s: %.2f", name, ground, ratio)
				}
			}
		}
	}
}

// TestLibraries: OpenSeadragon and Mirador are what their makers published, to the byte.
func TestLibraries(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	more, err := Mirador()
	if err != nil {
		t.Fatal(err)
	}
	ours := map[string][]byte{}
	for _, f := range append(files, more...) {
		ours[f.Name] = f.Body
	}
	for name, original := range map[string]string{"openseadragon-6.1.1.min.js": "openseadragon-6.1.1/build/openseadragon/openseadragon.min.js", "mirador-4.0.0.min.js": "mirador-4.0.0/dist/mirador.min.js"} {
		body, err := os.ReadFile(filepath.Join(cache, "vitrine-test", "viewers", original))
		if err != nil {
			if os.Getenv("VITRINE_CI") == "1" {
				t.Fatal(err)
			}
			t.Skip("missing: what .ci/deps fetches")
		}
		if !bytes.Equal(ours[name], body) {
			t.Errorf("%s is not the original", name)
		}
	}
}
