package ocr

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const alto = `<?xml version="1.0" encoding="UTF-8"?><alto xmlns="http://www.loc.gov/standards/alto/ns-v3#"><Description><MeasurementUnit>mm10</MeasurementUnit></Description>
<Layout><Page WIDTH="1000" HEIGHT="2000"><PrintSpace><TextBlock>
<TextLine HPOS="100" VPOS="200" WIDTH="300" HEIGHT="50"><String CONTENT="Praha" HPOS="1"/><SP/><String CONTENT="&amp;" /><String CONTENT="okol" SUBS_TYPE="HypPart1" SUBS_CONTENT="okolí"/><HYP CONTENT="-"/></TextLine>
<TextLine HPOS="100" VPOS="260" WIDTH="5000" HEIGHT="50"><String CONTENT="í" SUBS_TYPE="HypPart2" SUBS_CONTENT="okolí"/><String CONTENT="roku"/></TextLine>
<TextLine HPOS="1" VPOS="1" WIDTH="9" HEIGHT="9"></TextLine>
</TextBlock></PrintSpace></Page></Layout></alto>`

const hocr = `<html><body><div class='ocr_page' title='image "x.png"; bbox 0 0 1000 2000'><span class='ocr_line' title="bbox 100 200 400 250; baseline 0 0">
<span class='ocrx_word' title='bbox 100 200 200 250'>Praha</span> <span class='ocrx_word'><strong>&amp; okolí</strong></span></span></div></body></html>`

func TestRead(t *testing.T) {
	for _, c := range []struct {
		format item.TranscriptFormat
		data   string
		want   string
	}{
		{item.ALTO, alto, "[{Praha & okolí 50 100 150 25} {roku 50 130 450 25}]"},
		{item.HOCR, hocr, "[{Praha & okolí 50 100 150 25}]"},
	} {
		lines, err := Read(item.Transcript{Format: c.format, Data: []byte(c.data)}, 500, 1000)
		if got := fmt.Sprint(lines); err != nil || got != c.want {
			t.Errorf("%s: %s %v\nwant %s", c.format, got, err, c.want)
		}
	}
	for name, tr := range map[string]item.Transcript{
		"not ALTO": {Format: item.ALTO, Data: []byte("<x/>")}, "not XML": {Format: item.ALTO, Data: []byte("<alto><Page")},
		"not hOCR": {Format: item.HOCR, Data: []byte("<p>x</p>")},
	} {
		if _, err := Read(tr, 10, 10); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTesseract reads what the most used OCR program writes, in both formats, and
// compares them: same lines at the same places.
func TestTesseract(t *testing.T) {
	if _, err := exec.LookPath("tesseract"); err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip("tesseract is not installed")
	}
	dir := t.TempDir()
	picture := filepath.Join(dir, "text.png")
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("vips", "text", picture, "The quick brown fox\njumps over the lazy dog", "--dpi", "300")
	run("vips", "invert", picture, filepath.Join(dir, "black.png"))
	run("vips", "embed", filepath.Join(dir, "black.png"), picture, "50", "80", "1400", "400", "--extend", "white")
	run("tesseract", picture, filepath.Join(dir, "out"), "-c", "tessedit_create_hocr=1", "-c", "tessedit_create_alto=1")
	var results []string
	for format, file := range map[item.TranscriptFormat]string{item.ALTO: "out.xml", item.HOCR: "out.hocr"} {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := Read(item.Transcript{Format: format, Data: data}, 1400, 400)
		if err != nil || len(lines) != 2 || lines[0].Text != "The quick brown fox" || lines[1].Text != "jumps over the lazy dog" {
			t.Fatalf("%s: %+v %v", format, lines, err)
		}
		if l := lines[0]; l.X < 40 || l.X > 70 || l.Y < 70 || l.Y > 110 || l.W < 300 {
			t.Errorf("%s: the first line is at %+v", format, l)
		}
		results = append(results, fmt.Sprint(lines))
	}
	if results[0] != results[1] {
		t.Errorf("ALTO and hOCR differ:\n%s", strings.Join(results, "\n"))
	}
}

func FuzzRead(f *testing.F) {
	f.Add(true, []byte(alto))
	f.Add(false, []byte(hocr))
	f.Fuzz(func(t *testing.T, isALTO bool, data []byte) {
		tr := item.Transcript{Format: item.HOCR, Data: data}
		if isALTO {
			tr.Format = item.ALTO
		}
		lines, err := Read(tr, 700, 900)
		for _, l := range lines {
			if err != nil || l.Text == "" || l.X < 0 || l.Y < 0 || l.W < 1 || l.H < 1 || l.X+l.W > 700 || l.Y+l.H > 900 {
				t.Fatalf("%+v %v", l, err)
			}
		}
	})
}
