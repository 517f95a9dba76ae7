package pyramid_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
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
	needTools(t, "go")
	run("build", ".")
	deps := strings.Fields(run("list", "-deps", "."))
	if !slices.Contains(deps, "github.com/vitrine-iiif/vitrine/wasm/iiif") || !slices.Contains(deps, "hash/crc32") {
		t.Fatalf("this is not the list of dependencies: %v", deps)
	}
	for _, dep := range deps {
		first, _, slash := strings.Cut(dep, "/")
		switch {
		case dep == "fmt", dep == "os", dep == "reflect", dep == "net", dep == "regexp", dep == "log", first == "encoding", first == "net" && slash:
			t.Errorf("depends on %s", dep)
		case strings.HasPrefix(dep, "github.com/vitrine-iiif/vitrine/"):
			if name := dep[strings.LastIndexByte(dep, '/')+1:]; !slices.Contains([]string{"pyramid", "iiif", "fault", "digest"}, name) {
				t.Errorf("depends on %s", dep)
			}
		case strings.Contains(first, "."):
			t.Errorf("depends on module %s", dep)
		}
	}
}
