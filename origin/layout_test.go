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
	"wasm/fault": 0, "wasm/iiif": 1, "wasm/pixel": 2, "wasm/icc": 3, "wasm/inflate": 0, "wasm/jpeg": 3, "wasm/tiff": 4,
	"wasm/pyramid": 4, "testdata/demo": 4,
	"manifests/viewer": 5, "manifests/rights": 5, "manifests/item": 5, "manifests/markup": 5, "manifests/mapping": 6, "manifests/ocr": 6,
	"manifests/search": 6, "manifests/annotation": 6, "manifests/service": 6, "manifests/validate": 6, "manifests/directus": 7,
	"manifests/table": 7, "manifests/folder": 7, "manifests/presentation": 7, "manifests/publish": 8, "manifests/site": 8,
	"origin/source": 5, "origin/cache": 5, "origin/source/s3test": 5, "origin/browsertest": 5, "origin/codec": 6, "origin/store": 6,
	"origin/render": 7, "origin/publication": 9, "origin/ingest": 8, "origin/bench": 8, "origin/server": 8, "origin": 10,
	"wasm/digest": 0, "wasm/answer": 2, "origin/conformance": 5,
	"wasm/decision": 5, "wasm/plan": 6, "wasm/host": 5, "wasm/snapshot": 5, "wasm/snapshot/take": 6, "edge": 11, "edge/bench": 0,
	"origin/queue": 9, "origin/queue/sqstest": 5,
	"edge/fallback/relay": 6, "edge/fallback/admin": 7, "edge/fallback/settings": 8,
}

// heavy are packages that the part of the core which plans and renders at the edge must
// not reach: they cost megabytes of Wasm.
var heavy = []string{"net/http", "net/url", "fmt", "encoding/json", "net", "reflect"}

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

	out, err = exec.Command("go", "list", "-deps", "../wasm/iiif", "../wasm/pyramid", "../wasm/pixel", "../wasm/jpeg").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if dep = strings.TrimSpace(dep); slices.Contains(heavy, dep) {
			t.Errorf("wasm/iiif, pyramid, pixel or jpeg reaches %s", dep)
		}
	}
}
