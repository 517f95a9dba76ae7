//go:build unix

package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/directus"
	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
)

const (
	many       = 10_000
	manyMemory = 300 << 20
	manyEnv    = "VITRINE_PUBLISH_MANY"
)

// collection answers like Directus with items of the form that the recorded ones have.
func collection() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		after := 0
		if _, rest, ok := strings.Cut(q.Get("filter"), `"_gt":`); ok {
			n, _, _ := strings.Cut(rest, "}")
			after, _ = strconv.Atoi(n)
		}
		limit, _ := strconv.Atoi(q.Get("limit"))
		data := []any{}
		for id := after + 1; id <= many && len(data) < limit; id++ {
			file := fmt.Sprintf("%08d-f592-44a4-bf70-e0872d0fe787", id)
			data = append(data, map[string]any{"id": id, "status": "published", "title": fmt.Sprint("Photograph ", id), "description": "Line one\n<b>two</b>",
				"attribution": "Example Museum", "license": "CC-BY", "source_collection": fmt.Sprint("Box ", id%50), "date_created": "2026-11-20T13:26:09.994Z",
				"annotations": map[string]any{"type": "AnnotationPage", "items": []any{map[string]any{"id": fmt.Sprint("urn:x:", id), "type": "Annotation", "motivation": "commenting",
					"body": []any{map[string]any{"type": "TextualBody", "format": "text/html", "value": "<p>Test</p>"}}, "target": "https://manifests.example.org/x.json/canvas/p1#xywh=10,10,100,100"}}},
				"image": map[string]any{"id": file, "filename_disk": file + ".jpg", "filename_download": "test.jpg", "title": "A test page", "type": "image/jpeg",
					"modified_on": "2026-11-20T13:26:09", "width": 1200, "height": 800, "metadata": map[string]any{}}})
		}
		json.NewEncoder(w).Encode(map[string]any{"data": data})
	})
}

// publishMany is the child process: two publications of the collection at url.
func publishMany(dir, url string) error {
	folder, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	from, err := directus.New(directus.Config{URL: url})
	if err != nil {
		return err
	}
	builder, err := presentation.New(presentation.Config{Base: "https://m.example.org", Images: "https://i.example.org", Search: true})
	if err != nil {
		return err
	}
	cfg := Config{Source: from, Target: folder, Builder: builder, Sizer: &sizer{fail: map[string]error{}},
		Objects: []func(presentation.Entry, *presentation.Manifest) ([]presentation.Document, error){builder.Version2},
		Lists:   []func(presentation.Catalogue) iter.Seq2[presentation.Document, error]{builder.Collections(item.Plain("en", "All")), builder.Activity}}
	for range 2 {
		began := time.Now()
		rep, err := Run(context.Background(), cfg)
		if err != nil {
			return err
		}
		fmt.Println(len(rep.Added), rep.Unchanged, len(rep.Failures), rep.Written, rep.Deleted, time.Since(began).Milliseconds())
	}
	return nil
}

// TestMany publishes ten thousand items, and again when nothing has changed. The times
// go to the log: see README.md.
func TestMany(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	server := httptest.NewServer(collection())
	defer server.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), manyEnv+"="+server.URL, childEnv+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var first, second [6]int
	if _, err := fmt.Sscan(string(out), &first[0], &first[1], &first[2], &first[3], &first[4], &first[5],
		&second[0], &second[1], &second[2], &second[3], &second[4], &second[5]); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if first[0] != many || first[2] != 0 || first[3] < 3*many {
		t.Errorf("the first publication: added, unchanged, failed, written, deleted, ms: %v", first)
	}
	if second[1] != many || second[3] != 0 || second[4] != 0 {
		t.Errorf("the second publication: added, unchanged, failed, written, deleted, ms: %v", second)
	}
	peak := cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	if peak > manyMemory {
		t.Errorf("peak memory is %d MiB", peak>>20)
	}
	t.Logf("first publication %d ms, second %d ms, peak %d MiB, CPU %v", first[5], second[5], peak>>20,
		cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
}
