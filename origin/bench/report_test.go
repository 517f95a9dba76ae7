package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// sampleReport has a value that is the peer's, one that is missing and a name to
// escape.
func sampleReport() *report {
	list := pictures()[:2]
	r := &report{
		date: "2026-01-02", machine: `<"A & B">`, load: "0.1", versions: []string{"x 1"}, iipimage: "IIPImage 1.1", took: 90 * time.Second,
		plan: plan{repetitions: 3, conns: []int{1, 16}, tile: 512}, pictures: list,
		results: results{cells: map[cellKey]cell{}, memory: map[cellKey]int64{}},
	}
	r.results.cells[cellKey{"p9", formJPEG, "tile", "Vitrine", 1}] = cell{p50: 1, p95: 2, rate: 1000, cpu: 0.5, requests: 10}
	r.results.cells[cellKey{"p9", formTIFF, "tile", "IIPImage", 1}] = cell{p50: 4, p95: 5, rate: 250, cpu: 2, requests: 10}
	r.results.cells[cellKey{"p9", formJPEG, "tile", "nginx", 1}] = cell{p50: 1, p95: 2, rate: 2000, cpu: 0.1, requests: 10, busy: 0.25}
	r.results.cells[cellKey{"p9", formOwn, "tile", "Vitrine", 16}] = cell{rate: 900, requests: 10}
	r.results.cells[cellKey{"p9", formOwn, "tile", "nginx", 16}] = cell{rate: 1000, requests: 10}
	r.results.cells[cellKey{"p9", formTIFF, "tile", "IIPImage", 16}] = cell{rate: 200, requests: 10}
	r.results.memory[cellKey{picture: "p9", form: formJPEG, server: "Vitrine"}] = 2e9
	tool := []string{"t"}
	r.codecs = []codecPart{{list[0], []*codecRow{
		{key: "decode", title: "below", tool: "t", native: tool, oursMS: timing{1, 4}, nativeMS: timing{2, 8}},
		{key: "encode", title: "above", tool: "t", native: tool, oursMS: timing{4, 4}, nativeMS: timing{2, 2}},
		{key: "scale", title: "failed", tool: "t", native: tool, err: errors.New("gone")},
		{key: "splice", title: "alone", oursMS: timing{0.002, 0.003}},
		{key: "stored-own", title: "told", oursMS: timing{0.03, 0.03}},
		{key: "cut", title: "cut", tool: "t", native: tool, oursMS: timing{0.05, 0.05}, nativeMS: timing{9, 9}},
		{key: "index", title: "index", tool: "t", native: tool, oursMS: timing{500, 500}, nativeMS: timing{9, 9}},
	}}}
	for i, p := range list {
		r.ingest = append(r.ingest, &ingestRow{
			picture: p, ours: usage{Total: time.Second, Wall: time.Second, Memory: int64(i+1) * 1.5e8},
			native: usage{Total: 4 * time.Second, Wall: 2 * time.Second, Memory: 2e8},
		})
	}
	return r
}

func TestMarkdown(t *testing.T) {
	text := sampleReport().markdown()
	for _, want := range []string{
		"| below | 1.00 | 2.00 | 0.50 × | 4.00 | 8.00 | t |",
		"| failed | – | – | – | – | – | t: gone |",
		"| alone | 0.002 | – | – | 0.003 | – |  |",
		"| 512 tile, scale 1 | 0.50 | 2.00 | **4.00 ×** | 1.00 / 2.00 | 4.00 / 5.00 | 1,000 | 250 | **4.00 ×** |",
		"| plain JPEG | 1 | 1,000 | 2,000 | – | **0.50 ×** | **–** | 0.50 | 0.10 | – | 0 % | 25 % |",
		"IIPImage serves the libvips pyramid",
		"| 9 MP | 1.00 | 1.00 | 150 | 4.00 | 2.00 | 200 | 0.25 × | 0.50 × |",
		"| plain JPEG | 2,000 | – | – |",
		// Targets: all met, one missed, none measured, one picture only.
		"| JPEG decode | ≤ 1.2 × libjpeg-turbo | 0.50 × | – | met |",
		"| JPEG encode | ≤ 1.5 × libjpeg-turbo | 2.00 × | – | missed |",
		"| downscale | ≤ 0.6 × libvips | – | – | not measured |",
		"| JPEG 2000 tile | ≤ 1.0 × OpenJPEG | – | – | not measured: no decoder yet |",
		"| tile stored as JPEG in a libvips pyramid, bytes at hand | ≤ 0.010 ms of CPU | 0.002 ms | – | met |",
		"| the same of our pyramid |  | 0.030 ms | – |  |",
		"| index of a plain JPEG, first touch | 72 MP: ≤ 100 ms of CPU | 500 ms | – | not measured |",
		"| `vitrine ingest`, CPU | 72 MP: ≤ 0.5 × vips tiffsave | 0.25 × | 0.25 × | met |",
		"| `vitrine ingest`, peak memory | ≤ 200 MB | 150 MB | 300 MB | missed |",
		"| tile of our pyramid, requests/s | ≥ 0.8 × nginx, same bytes as files | 0.90 × | – | met |",
		"| tile of our pyramid, requests/s | ≥ 5 × IIPImage | 4.50 × | – | missed |",
		"| tile of a plain JPEG, CPU as served | ≥ 20 × IIPImage | 18.0 ×* | – | missed |",
		"IIPImage 1.1 does not open plain JPEGs",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the report:\n%s", want, text)
		}
	}
	evenTables(t, text)
}

// evenTables makes sure that all lines of a table have as many cells.
func evenTables(t *testing.T, text string) {
	t.Helper()
	columns := 0
	for line := range strings.Lines(text) {
		n := strings.Count(line, "|")
		if n > 0 && columns > 0 && n != columns {
			t.Errorf("%d cells, then %d: %s", columns, n, line)
		}
		columns = n
	}
}

func TestChart(t *testing.T) {
	svg := sampleReport().chart()
	d := xml.NewDecoder(bytes.NewReader(svg))
	bars, text := 0, ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			for _, a := range e.Attr {
				if a.Name.Local == "rx" && a.Value == "1.5" {
					bars++
				}
			}
		case xml.CharData:
			text += string(e)
		}
	}
	if bars != 2 {
		t.Errorf("%d bars, 2 values", bars)
	}
	for _, want := range []string{`<"A & B">`, "0.50", "2.00", "IIPImage 1.1, libvips pyramid", "72 MP"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the chart", want)
		}
	}
}

func TestSection(t *testing.T) {
	section := sampleReport().section()
	evenTables(t, section)
	for _, want := range []string{"testdata/bench.svg", "2026-01-02", "72 MP (10000 × 7200)", "met |"} {
		if !strings.Contains(section, want) {
			t.Errorf("%q is not in the section", want)
		}
	}
	file := []byte("a\n" + sectionBegin + "old\n" + sectionEnd + "b\n")
	got, err := replaceSection(file, "new\n")
	if err != nil || string(got) != "a\n"+sectionBegin+"new\n"+sectionEnd+"b\n" {
		t.Errorf("%q, %v", got, err)
	}
	for _, bad := range []string{"a", sectionBegin, sectionEnd + sectionBegin} {
		if _, err := replaceSection([]byte(bad), "new"); err == nil {
			t.Errorf("%q has marks", bad)
		}
	}
	// The file that the marks are for has them.
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaceSection(readme, section); err != nil {
		t.Error(err)
	}
}
