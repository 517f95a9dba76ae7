package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/vitrine-iiif/vitrine/"

// ranks is the import direction: a package may only import packages of a lower
// rank. Those that are not listed may not exist.
var ranks = map[string]int{
	"wasm/fault": 0, "wasm/iiif": 1, "wasm/pixel": 2, "wasm/icc": 3, "wasm/jpeg": 3, "wasm/tiff": 4,
	"wasm/pyramid": 4, "testdata/demo": 4, "origin/source": 5, "origin/cache": 5, "origin/source/s3test": 5, "origin/codec": 6, "origin/store": 6,
	"origin/render": 7, "origin/ingest": 8, "origin/bench": 8, "origin/server": 8, "origin": 9,
}

// heavy are packages that the part of the core which plans at the edge must not
// reach: they cost megabytes of Wasm.
var heavy = []string{"net/http", "net/url", "fmt", "encoding/json", "net"}

// TestImportRules guards the architecture: see "How it is built" in README.md.
func TestImportRules(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}:{{join .Imports " "}}`, "../...", "../testdata/demo").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(strings.TrimSpace(line), ":")
		pkg = strings.TrimPrefix(pkg, module)
		rank, ok := ranks[pkg]
		if !ok {
			t.Errorf("%s has no place in the import order", pkg)
			continue
		}
		seen++
		for _, imp := range strings.Fields(imports) {
			if dep, ours := strings.CutPrefix(imp, module); ours && ranks[dep] >= rank {
				t.Errorf("%s imports %s, which is not below it", pkg, dep)
			}
		}
	}
	if seen != len(ranks) {
		t.Errorf("%d packages found, %d have a rank", seen, len(ranks))
	}

	out, err = exec.Command("go", "list", "-deps", "../wasm/iiif", "../wasm/pyramid").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if dep = strings.TrimSpace(dep); slices.Contains(heavy, dep) {
			t.Errorf("wasm/iiif or wasm/pyramid reaches %s", dep)
		}
	}
}
