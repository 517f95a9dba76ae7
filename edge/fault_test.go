package edge

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// TestBrokenPlan: when Go panics, traps, runs out of memory or loses its state, the
// answer is 500 and not stored, and the next request is served.
func TestBrokenPlan(t *testing.T) {
	w := startWorker(t, workerConfig{plan: planWasm(t, "breakable"), origin: "http://127.0.0.1:9"})
	for _, how := range []string{"panic", "trap", "memory", "state"} {
		for range 3 {
			for accept, body := range map[string]string{
				"":                 "the server failed to answer this request\n",
				"application/json": `{"title":"Internal Server Error","status":500,"detail":"the server failed to answer this request"}` + "\n",
			} {
				a := send(t, w.base, &decision.Request{Method: "GET", Target: "/break/" + how, Accept: accept})
				if a.status != 500 || string(a.body) != body || a.header.Get("Cache-Control") != "no-store" || a.header.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s: status %d, %v, %q", how, a.status, a.header, a.body)
				}
				if next := send(t, w.base, &decision.Request{Method: "GET", Target: "/iiif/3/x"}); next.status != 303 {
					t.Errorf("after %s: status %d", how, next.status)
				}
			}
		}
	}
	if !w.logs(24, "rror: ") {
		t.Errorf("failures are missing in the log:\n%s", w.log.String())
	}
	// None of that is in the program that is deployed.
	program, err := os.ReadFile(planWasm(t, ""))
	if err != nil || bytes.Contains(program, []byte("/break/")) {
		t.Errorf("the deployed program can be broken: %v", err)
	}
}

// TestConfiguration: a Worker with a setting that is wrong answers nothing but 500,
// and its log names the setting.
func TestConfiguration(t *testing.T) {
	w := startWorker(t, workerConfig{vars: map[string]string{"VITRINE_MAX_AREAS": "5"}})
	if a := send(t, w.base, &decision.Request{Method: "GET", Target: "/iiif/3/x"}); a.status != 500 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("status %d, %v", a.status, a.header)
	}
	if !w.logs(1, "VITRINE_MAX_AREAS") {
		t.Errorf("the log says %q", w.log.String())
	}
}

// TestSize: what is deployed stays small.
func TestSize(t *testing.T) {
	program, err := os.ReadFile(planWasm(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	z.Write(program)
	z.Close()
	t.Logf("plan.wasm: %d bytes, %d gzip", len(program), packed.Len())
	if packed.Len() > 750_000 {
		t.Errorf("plan.wasm has %d bytes gzip", packed.Len())
	}
	js, err := os.ReadFile("worker.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(js, []byte("\n")); n > 180 {
		t.Errorf("worker.mjs has %d lines: what it decides belongs into Go", n)
	}
}

// TestImports: plan.wasm reaches none of the packages that cost hundreds of
// kilobytes.
func TestImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "../wasm/plan")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "github.com/vitrine-iiif/vitrine/wasm/pyramid") {
		t.Fatalf("this is no list of packages: %s", out)
	}
	for _, heavy := range []string{"fmt", "os", "reflect", "net", "net/http", "net/url", "encoding/json", "encoding/binary", "time", "context", "crypto/sha256", "regexp"} {
		if slices.Contains(deps, heavy) {
			t.Errorf("it reaches %s", heavy)
		}
	}
}

// TestMemoryBound: the memory of plan.wasm stays within 16 MiB however many images,
// small and huge ones, are asked for.
func TestMemoryBound(t *testing.T) {
	huge := fineTiles(t, 4000, 2250) // a head of 400 KB
	normal := fineTiles(t, 500, 400)
	err := onWazero(t, planWasm(t, ""), settings, func(p *planner) error {
		for i := range 1000 {
			data := normal
			if i%10 == 0 {
				data = huge
			}
			for _, rest := range []string{"/info.json", "/full/max/0/default.jpg", "/0,0,16,16/16,16/0/default.jpg"} {
				r := decision.Request{Method: "GET", Target: fmt.Sprintf("/iiif/3/%s-%d%s", strings.Repeat("x", i%900), i, rest), Now: 1,
					Event: decision.Head, ETag: "e", Size: int64(len(data)), Data: data[:min(len(data), 1<<20)]}
				if _, err := p.decide(&r); err != nil {
					return fmt.Errorf("request %d: %w", i, err)
				}
			}
		}
		t.Logf("%.1f MiB", float64(p.in.MemorySize())/(1<<20))
		return nil // host.Config bounds it: what grew further has failed
	})
	if err != nil {
		t.Error(err)
	}
}

// TestMemoryOfLongRequests: nothing of a request outlives it, though it be as long as
// Cloudflare takes them.
func TestMemoryOfLongRequests(t *testing.T) {
	data := fineTiles(t, 30, 20)
	long := strings.Repeat("x", 100_000)
	err := onWazero(t, planWasm(t, ""), settings, func(p *planner) error {
		for i := range 1000 {
			r := decision.Request{Method: "GET", Target: fmt.Sprintf("/iiif/3/%d/0,0,16,16/16,16/0/default.jpg", i), Accept: long, Now: 1,
				Event: decision.Head, ETag: "e", Size: int64(len(data)), Data: data}
			if a, err := p.decide(&r); err != nil || !bytes.Contains(a[:40], []byte("tile\n200\n")) {
				return fmt.Errorf("request %d: %.200q: %w", i, a, err)
			}
		}
		t.Logf("%.1f MiB", float64(p.in.MemorySize())/(1<<20))
		return nil // as above
	})
	if err != nil {
		t.Error(err)
	}
}
