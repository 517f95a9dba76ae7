package iiif_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// TestPortable guards what the edge pays for: the package compiles to wasip1 and
// brings in nothing that is large or of the wrong side.
func TestPortable(t *testing.T) {
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	if _, err := exec.LookPath("go"); err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip("the go command is needed: ", err)
	}
	run("build", ".")
	deps := strings.Fields(run("list", "-deps", "."))
	if !slices.Contains(deps, "github.com/vitrine-iiif/vitrine/wasm/fault") || !slices.Contains(deps, "strconv") {
		t.Fatalf("this is not the list of dependencies: %v", deps)
	}
	for _, dep := range deps {
		first, _, slash := strings.Cut(dep, "/")
		switch {
		case dep == "fmt", dep == "os", dep == "reflect", dep == "net", dep == "regexp", dep == "log", first == "encoding", first == "net" && slash:
			t.Errorf("depends on %s", dep)
		case strings.HasPrefix(dep, "github.com/vitrine-iiif/vitrine/"):
			if !strings.HasSuffix(dep, "/wasm/iiif") && !strings.HasSuffix(dep, "/wasm/fault") {
				t.Errorf("depends on %s", dep)
			}
		case strings.Contains(first, "."):
			t.Errorf("depends on module %s", dep)
		}
	}
}

// TestAllocations: a tile request allocates nothing until it is spelled out, but
// for the decoded form of an identifier that needs one.
func TestAllocations(t *testing.T) {
	in, lim := iiif.Info{Width: 4001, Height: 2251}, iiif.Limits{MaxArea: 1e8}
	for path, want := range map[string]float64{
		"/iiif/3/id/3072,0,929,1024/465,512/0/default.jpg": 0, "/iiif/2/ark:%2F1%2F2/full/125,/0/default.jpg": 3,
	} {
		n := testing.AllocsPerRun(100, func() {
			r, err := iiif.Parse(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Resolve(in, lim); err != nil {
				t.Fatal(err)
			}
		})
		if n > want {
			t.Errorf("%s: %v allocations, want at most %v", path, n, want)
		}
	}
}

func BenchmarkParseResolve(b *testing.B) {
	in, lim := iiif.Info{Width: 20001, Height: 15001}, iiif.Limits{MaxArea: 1e8}
	for name, path := range map[string]string{
		"v3tile": "/iiif/3/museum-0042.jpg/4096,8192,2048,2048/512,512/0/default.jpg",
		"v2tile": "/iiif/2/museum-0042.jpg/4096,8192,2048,2048/512,/0/default.jpg",
		"v2edge": "/iiif/2/a%2Fb.jpg/16384,8192,3617,4096/453,/0/default.jpg",
		"v3max":  "/iiif/3/museum-0042.jpg/full/max/0/default.jpg",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := iiif.Parse(path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := r.Resolve(in, lim); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/key", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, _ := iiif.Parse(path)
				c, _ := r.Resolve(in, lim)
				_, _ = c.Path(), c.Key("1a2b3c4d")
			}
		})
	}
}
