package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The section of README.md that publish writes lies between these.
const (
	sectionBegin = "<!-- written by make bench BENCH=-publish -->\n"
	sectionEnd   = "<!-- end of what make bench writes -->\n"
)

// publish writes the section and the chart below root.
func (r *report) publish(root string) error {
	path := filepath.Join(root, "README.md")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if text, err = replaceSection(text, r.section()); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(root, "testdata", "bench.svg"), r.chart(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// replaceSection puts a section between the marks of a file.
func replaceSection(file []byte, section string) ([]byte, error) {
	before, rest, ok := bytes.Cut(file, []byte(sectionBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(sectionEnd))
	if !ok || !ok2 {
		return nil, errors.New("README.md has no marks for the figures")
	}
	return []byte(string(before) + sectionBegin + section + sectionEnd + string(after)), nil
}

// section is what README.md says about speed.
func (r *report) section() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n![CPU time per request](testdata/bench.svg)\n\n")
	fmt.Fprintf(&b, "Run of %s: %s, load before it %s; %s. No server keeps answers. CPU is user and system time of all processes of a server, per request; "+
		"first touch is the first request for a file.\n\n",
		r.date, r.machine, r.load, strings.Join(r.versions, "; "))
	for _, p := range r.pictures {
		if p.name == "p72" {
			r.requestsInShort(&b, p)
		}
	}
	r.targets(&b)
	return b.String()
}

// requestsInShort is the table of one picture: processor time over one connection,
// requests per second over many.
func (r *report) requestsInShort(b *strings.Builder, p *picture) {
	fmt.Fprintf(b, "%s (%d × %d) in three forms; %s serves the libvips pyramid. CPU ms over one connection, its ratio, and "+
		"requests per second over 16:\n\n", p.title, p.width, p.height, r.iipimage)
	fmt.Fprintf(b, "| request | our pyramid | plain JPEG | libvips pyramid | %s | %[1]s ÷ our pyramid | requests/s: our pyramid | %[1]s |\n", r.iipimage)
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, w := range works() {
		at := func(server, form string, conns int) cell {
			return r.results.cells[cellKey{p.name, form, w.key, server, conns}]
		}
		own, theirs := at("Vitrine", formOwn, alone), at("IIPImage", formTIFF, alone)
		file, tiff := at("Vitrine", formJPEG, alone), at("Vitrine", formTIFF, alone)
		ours, others := at("Vitrine", formOwn, crowd), at("IIPImage", formTIFF, crowd)
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", w.title, own.show(own.cpu), file.show(file.cpu), tiff.show(tiff.cpu),
			theirs.show(theirs.cpu), ratio(theirs.cpu, own.cpu), ours.show(ours.rate), others.show(others.rate))
	}
	b.WriteString("\n")
}
