package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestIndependentChecks: @iiif/parser finds nothing to complain about in what we
// publish, its upgrade of our version 2 is our version 3, and TypeScript accepts our
// documents as what the types of @iiif/presentation-3 say they are.
func TestIndependentChecks(t *testing.T) {
	viewers, err := filepath.Abs("../edge/viewers")
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(viewers, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, ".package-lock.json")); err != nil {
		missing(t, "node_modules of edge/viewers, which .ci/deps installs")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node")
	}
	pictures, files := book(3)
	pictures["scroll/1.jpg"], pictures["scroll/2.jpg"], pictures["scroll/seal.jpg"] = [2]int{900, 300}, [2]int{800, 300}, [2]int{300, 300}
	files["scroll/item.yml"] = `
title: {ja: 巻物, en: A scroll, none: MS 9}
description: [First paragraph., "<p>Second, with <b>bold</b> &amp; a <a href='https://example.org/'>link</a>.</p>"]
rights: http://rightsstatements.org/vocab/NoC-OKLR/1.0/
attribution: {en: By courtesy., de: Mit freundlicher Genehmigung.}
viewingDirection: right-to-left
behavior: continuous
navPlace: '{"type": "Feature", "properties": {"label": {"en": ["Kyoto"]}}, "geometry": {"type": "Point", "coordinates": [135.77, 35.01]}}'
seeAlso: [{url: "https://example.org/scroll.xml", label: Record, format: text/xml, profile: "https://example.org/schema"}]
placeholder: scroll/seal.jpg
pages: [{file: 2.jpg, label: Right}, {file: 1.jpg, label: Left, behavior: non-paged}, {file: seal.jpg}]
`
	m := newMuseum(t, pictures, files)
	work := t.TempDir()
	tsc := exec.Command(node, filepath.Join(modules, "typescript", "bin", "tsc"), "--noEmit", "--strict", "--skipLibCheck", "--types", "geojson", "--module", "nodenext")
	tsc.Dir = work
	for name, args := range map[string][]string{"embedded": nil, "referenced": {"--publish-reference"}} {
		m.publish(t, args...)
		documents := filepath.Join(work, name+".ts")
		tsc.Args = append(tsc.Args, documents)
		cmd := exec.Command(node, filepath.Join(viewers, "check.mjs"), m.dir, documents)
		out, err := cmd.CombinedOutput()
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		last := len(lines) - 1
		if err != nil || !strings.HasPrefix(lines[last], "checked 3 manifests") {
			t.Fatalf("%v: %s", err, out)
		}
		for _, l := range lines[:last] {
			t.Error(l)
		}
		t.Log(lines[last])
	}
	if err := os.Symlink(modules, filepath.Join(work, "node_modules")); err != nil {
		t.Fatal(err)
	}
	if out, err := tsc.CombinedOutput(); err != nil {
		t.Errorf("tsc: %v\n%s", err, out)
	}
}
