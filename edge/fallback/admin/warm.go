package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

const (
	// warmTime bounds one run, below the 15 minutes that Cloudflare gives to cron.
	warmTime = 10 * time.Minute
	// requestTime bounds one request of it.
	requestTime = 30 * time.Second
	// maxBody bounds a list, in bytes: 5,000 long URLs.
	maxBody = 1 << 20
	// maxSize is the largest of the advertised whole images that is warmed, in
	// pixels of width: what catalogues and viewers show before anyone zooms.
	maxSize = 1024
	// maxShown bounds the failures that an answer names.
	maxShown = 20
	// listObject holds what is warmed each night, one entry to a line.
	listObject = "warm.txt"
)

// warmed is the answer to a run.
type warmed struct {
	Requests int      `json:"requests"`           // that were sent
	Failed   int      `json:"failed"`             // that were not answered by 2xx or 3xx
	Failures []string `json:"failures,omitempty"` // the first of them
	Skipped  int      `json:"skipped"`            // entries that no request was left for
}

// warm asks for what the body lists.
func (a *Admin) warm(req *http.Request) (any, error) {
	const op = "admin.warm"
	if req.Body == nil {
		return nil, fault.New(op, fault.Invalid, "the body must list URLs, paths or identifiers, one to a line or as a JSON array")
	}
	text, err := io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	if err != nil {
		return nil, fault.E(op, fault.Unavailable, err)
	}
	if len(text) > maxBody {
		return nil, fault.New(op, fault.Invalid, "the list is longer than 1 MiB")
	}
	list, err := parseList(string(text))
	if err != nil {
		return nil, fault.E(op, fault.Invalid, err).WithPublic("the list is not a JSON array of strings")
	}
	return a.run(req.Context(), list), nil
}

// parseList reads a JSON array of strings, or lines, of which those that begin
// with # are comments.
func parseList(text string) ([]string, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "[") {
		var list []string
		err := json.Unmarshal([]byte(text), &list)
		return list, err
	}
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list, nil
}

// run asks for every entry of a list. An entry that can be none counts as failed:
// a slip in one line must not cost a night.
func (a *Admin) run(ctx context.Context, list []string) *warmed {
	ctx, cancel := context.WithTimeout(ctx, warmTime)
	defer cancel()
	r := &runner{Admin: a, left: a.config.WarmMax}
	var targets []target
	for _, entry := range list {
		t, err := a.target(entry)
		if err != nil {
			r.fail(entry, err)
			continue
		}
		targets = append(targets, t)
	}
	for begin := 0; begin < len(targets); {
		// The requests that entries cause are only known after their info.json.
		batch := targets[begin:min(begin+a.config.WarmConcurrency, len(targets))]
		if r.left == 0 || ctx.Err() != nil {
			r.out.Skipped += len(targets) - begin
			break
		}
		var wait sync.WaitGroup
		for _, t := range batch {
			wait.Go(func() { r.entry(ctx, t) })
		}
		wait.Wait()
		begin += len(batch)
	}
	slices.Sort(r.out.Failures)
	return &r.out
}

// target is an entry of a list: a URL, or the base URI of an image.
type target struct {
	url   string
	image bool
}

// target reads an entry.
func (a *Admin) target(entry string) (target, error) {
	const op = "admin.warm"
	public := a.publicURL("")
	switch {
	case strings.HasPrefix(entry, public+"/"):
		return target{url: entry}, nil
	case strings.Contains(entry, "://"):
		return target{}, fault.New(op, fault.Invalid, fmt.Sprintf("%q is not below %s", entry, public))
	case strings.HasPrefix(entry, "/"):
		return target{url: public + entry}, nil
	}
	id, err := iiif.NewIdentifier(entry)
	if err != nil {
		return target{}, fault.E(op, fault.Invalid, err)
	}
	return target{url: public + iiif.V3.BasePath(id), image: true}, nil
}

// publicURL returns the absolute URL of a path of ours.
func (a *Admin) publicURL(path string) string {
	return strings.TrimRight(a.config.Public.String(), "/") + path
}

// runner is one run of warming.
type runner struct {
	*Admin
	mu   sync.Mutex
	left int
	out  warmed
}

// entry warms one entry: a URL, or of an image its info.json and its small whole
// images.
func (r *runner) entry(ctx context.Context, t target) {
	if !t.image {
		r.get(ctx, t.url)
		return
	}
	body := r.get(ctx, t.url+"/info.json")
	if body == nil {
		return
	}
	var info struct {
		Sizes []struct{ Width, Height int } `json:"sizes"`
	}
	if err := json.Unmarshal(body, &info); err != nil {
		r.fail(t.url+"/info.json", errors.New("not an info.json"))
		return
	}
	for _, s := range info.Sizes {
		if s.Width > 0 && s.Height > 0 && s.Width <= maxSize {
			r.get(ctx, fmt.Sprintf("%s/full/%d,%d/0/default.jpg", t.url, s.Width, s.Height))
		}
	}
}

// get sends a request, and returns the body of the answer, nil when it failed.
func (r *runner) get(ctx context.Context, url string) []byte {
	r.mu.Lock()
	if r.left == 0 {
		r.out.Skipped++
		r.mu.Unlock()
		return nil
	}
	r.left--
	r.out.Requests++
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	status, body, err := r.deps.Edge.Fetch(ctx, http.MethodGet, url)
	if err == nil && status >= 400 {
		err = fmt.Errorf("status %d", status)
	}
	if err != nil {
		r.fail(url, err)
		return nil
	}
	return body
}

func (r *runner) fail(url string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Failed++
	if len(r.out.Failures) < maxShown {
		r.out.Failures = append(r.out.Failures, url+": "+err.Error())
	}
}

// Night is what was done in a night.
type Night struct {
	// Publish is the status of the hook of the origin, 0 when it was not called.
	Publish int `json:"publish,omitempty"`
	// Warm is what was warmed, nil when there was nothing to.
	Warm *warmed `json:"warm,omitempty"`
	// Problems are what failed.
	Problems []string `json:"problems,omitempty"`
}

// Nightly has the origin publish and then warms the list of the settings and of
// the object warm.txt. What fails is reported and stops nothing else. An origin
// that has no such hook is no problem.
func (a *Admin) Nightly(ctx context.Context) Night {
	var n Night
	problem := func(what string, err error) { n.Problems = append(n.Problems, what+": "+err.Error()) }
	if a.config.PublishPath != "" && a.config.Origin != nil {
		status, err := a.publish(ctx)
		n.Publish = status
		if err == nil && status >= 300 && status != http.StatusNotFound {
			err = fmt.Errorf("status %d", status)
		}
		if err != nil {
			problem("publish", err)
		}
	}
	list := slices.Clone(a.config.WarmList)
	if a.deps.Bucket != nil {
		o, err := a.deps.Bucket.Get(ctx, a.config.Prefix+listObject)
		if err == nil {
			var more []string
			more, err = parseList(string(o.Body))
			list = append(list, more...)
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			problem(listObject, err)
		}
	}
	if len(list) > 0 {
		n.Warm = a.run(ctx, list)
	}
	return n
}

// publishTime bounds the wait for the origin, which answers before it has
// published everything.
const publishTime = time.Minute

func (a *Admin) publish(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	status, _, err := a.deps.Origin.Fetch(ctx, http.MethodPost, a.originURL(a.config.PublishPath))
	return status, err
}
