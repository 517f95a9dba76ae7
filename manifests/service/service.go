// Package service asks image services elsewhere how large their images are, by their
// info.json (Image API 1 to 3). It is the fallback for images that are not ours: our
// own sizes come from the images themselves.
package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config bounds the asking.
type Config struct {
	// Client sends the requests. Default: one with a time limit of 10 s.
	Client *http.Client
	// Parallel is how many requests run at one time. Default 8: it is somebody else's
	// server.
	Parallel int
	// Tries is how often a request is sent. Default 3.
	Tries int
	// Pause is the pause before the second; it doubles. Default 500 ms.
	Pause time.Duration
}

// Sizer asks image services. It is safe for concurrent use.
type Sizer struct {
	cfg Config
}

var _ item.Sizer = (*Sizer)(nil)

// maxInfo bounds an info.json.
const maxInfo = 1 << 20

// New makes a Sizer.
func New(cfg Config) *Sizer {
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Parallel <= 0 {
		cfg.Parallel = 8
	}
	if cfg.Tries <= 0 {
		cfg.Tries = 3
	}
	if cfg.Pause <= 0 {
		cfg.Pause = 500 * time.Millisecond
	}
	return &Sizer{cfg: cfg}
}

// Sizes asks for each service by its base URI.
func (s *Sizer) Sizes(ctx context.Context, services []string) (map[string]item.Size, map[string]error) {
	sizes, failed := map[string]item.Size{}, map[string]error{}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(s.cfg.Parallel)
	for _, base := range services {
		g.Go(func() error {
			size, err := s.ask(ctx, base)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[base] = err
			} else {
				sizes[base] = size
			}
			return nil
		})
	}
	g.Wait()
	return sizes, failed
}

// ask tries until there is an answer or no hope.
func (s *Sizer) ask(ctx context.Context, base string) (item.Size, error) {
	pause := s.cfg.Pause
	for try := 1; ; try++ {
		size, err := s.once(ctx, base)
		if err == nil || fault.KindOf(err) != fault.Unavailable || try == s.cfg.Tries {
			return size, err
		}
		select {
		case <-ctx.Done():
			return size, fault.E("service.Sizes", fault.Canceled, ctx.Err())
		case <-time.After(pause):
			pause *= 2
		}
	}
}

func (s *Sizer) once(ctx context.Context, base string) (size item.Size, err error) {
	const op = "service.Sizes"
	if !strings.HasPrefix(base, "http://") && !strings.HasPrefix(base, "https://") {
		return size, fault.New(op, fault.Invalid, "an image service needs an http(s) URL")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(base, "/")+"/info.json", nil)
	if err != nil {
		return size, fault.E(op, fault.Invalid, err)
	}
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return size, fault.E(op, fault.Unavailable, err).WithPublic("the image service cannot be reached")
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return size, fault.New(op, fault.NotFound, "the image service has no such image")
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= 500:
		return size, fault.New(op, fault.Unavailable, "the image service answers "+strconv.Itoa(res.StatusCode))
	case res.StatusCode != http.StatusOK:
		return size, fault.New(op, fault.Forbidden, "the image service answers "+strconv.Itoa(res.StatusCode))
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxInfo))
	if err != nil {
		return size, fault.E(op, fault.Unavailable, err)
	}
	return parse(body)
}

// level finds the compliance level in a profile: "level1" since version 3, a URI that
// ends in level1.json or #level1 before, alone or first of a list.
var level = regexp.MustCompile(`(?:^|[/#])(level[012])(?:\.json)?$`)

// parse reads an info.json of any version.
func parse(body []byte) (item.Size, error) {
	const op = "service.Sizes"
	var info struct {
		Context       any `json:"@context"`
		Width, Height int
		Profile       any
	}
	if err := json.Unmarshal(body, &info); err != nil || info.Width < 1 || info.Height < 1 || info.Width > 1<<30 || info.Height > 1<<30 {
		return item.Size{}, fault.E(op, fault.Corrupt, errors.Join(err, errors.New("no size"))).WithPublic("the image service has an info.json without width and height")
	}
	size := item.Size{Width: info.Width, Height: info.Height}
	switch context := fmt.Sprint(info.Context); { // a URI, or a list in which it is
	case strings.Contains(context, "/api/image/3/"):
		size.Version = 3
	case strings.Contains(context, "/api/image/2/"):
		size.Version = 2
	}
	profile := info.Profile
	if list, ok := profile.([]any); ok && len(list) > 0 {
		profile = list[0]
	}
	if s, ok := profile.(string); ok {
		if m := level.FindStringSubmatch(s); m != nil {
			size.Level = m[1]
		}
	}
	return size, nil
}
