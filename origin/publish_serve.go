package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/origin/publication"
	"github.com/vitrine-iiif/vitrine/origin/server"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// publishing is what a server has of a publication: it answers what was published, and
// keeps it in step with its source.
type publishing struct {
	reader *publication.Reader
	keeper *publication.Keeper // nil without a source
	base   string
	close  []func()
	ended  sync.WaitGroup
}

// newPublishing opens what the settings ask for; nil when that is nothing.
func (s *settings) newPublishing(ctx context.Context, log *slog.Logger) (*publishing, error) {
	if s.Publish.HookToken != "" && (s.Publish.From == "" || s.Publish.To == "") {
		return nil, errors.New("publish-hook-token: needs publish-from and publish-to")
	}
	if s.Publish.To == "" {
		return nil, nil
	}
	p := &publishing{base: cmp.Or(s.Publish.Base, s.PublicURL)}
	err := s.fillPublishing(ctx, p, log)
	if err != nil {
		p.halt()
		return nil, err
	}
	return p, nil
}

func (s *settings) fillPublishing(ctx context.Context, p *publishing, log *slog.Logger) error {
	if s.Publish.From != "" {
		// Whether it can be: wrong settings are for who starts the server, not for the log.
		trial, err := s.newPublisher(ctx)
		if err != nil {
			return err
		}
		trial.Close()
	}
	var err error
	if p.reader, err = s.publicationReader(ctx, p); err != nil {
		return err
	}
	if s.Publish.From == "" {
		return nil // somebody else publishes there
	}
	_, err = p.reader.Document(ctx, publish.StatePath)
	p.keeper = publication.NewKeeper(publication.KeeperConfig{
		Publish: s.publishOnce, Every: s.Publish.Every, First: fault.Is(err, fault.NotFound), Logger: log,
	})
	return nil
}

// publicationReader opens what was published.
func (s *settings) publicationReader(ctx context.Context, p *publishing) (*publication.Reader, error) {
	if strings.Contains(s.Publish.To, "://") {
		opened := &publisher{}
		b, err := s.manifestBucket(ctx, s.Publish.To, opened)
		p.close = append(p.close, opened.Close)
		if err != nil {
			return nil, err
		}
		return publication.NewReader(b), nil
	}
	r, err := publication.OpenReader(s.Publish.To)
	if err == nil {
		p.close = append(p.close, func() { r.Close() })
	}
	return r, err
}

// publishOnce publishes with everything opened anew: the sizes of images that were just
// replaced must not come from what a renderer remembers.
func (s *settings) publishOnce(ctx context.Context) (*publish.Report, error) {
	p, err := s.newPublisher(ctx)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return publish.Run(ctx, p.config)
}

// run keeps what is published in step until ctx ends.
func (p *publishing) run(ctx context.Context) {
	if p != nil && p.keeper != nil {
		p.ended.Go(func() { p.keeper.Run(ctx) })
	}
}

// halt waits for the end of run, whose ctx has ended, and releases everything.
func (p *publishing) halt() {
	if p == nil {
		return
	}
	p.ended.Wait()
	for _, f := range p.close {
		f()
	}
}

// gauges adds what the administrator may want to know.
func (p *publishing) gauges(g map[string]func() int64) {
	if p == nil || p.keeper == nil {
		return
	}
	state := p.keeper.State
	flag := func(b bool) int64 {
		if b {
			return 1
		}
		return 0
	}
	g["publication_running"] = func() int64 { return flag(state().Running) }
	g["publication_waiting"] = func() int64 { return flag(state().Waiting) }
	g["publications"] = func() int64 { return state().Done }
	g["publications_failed"] = func() int64 { return state().Failed }
	g["publication_items"] = func() int64 { return int64(state().Items) }
	g["publication_items_failed"] = func() int64 { return int64(state().FailedItems) }
	g["publication_last_success_unix"] = func() int64 {
		if t := state().Last; !t.IsZero() {
			return t.Unix()
		}
		return 0
	}
}

// serve adds to a server what it answers of the publication.
func (p *publishing) serve(c *server.Config, d *server.Deps, s *settings) {
	if p == nil {
		return
	}
	c.PublicationBase, d.Publication = p.base, documents{p.reader}
	if p.keeper != nil {
		d.Changed = func(string) { p.keeper.Tell() }
	}
	if s.Publish.HookToken != "" {
		c.HookTokens = []string{s.Publish.HookToken}
	}
}

// documents shows a Reader to the server.
type documents struct{ reader *publication.Reader }

func (d documents) Document(ctx context.Context, name string) (server.Document, error) {
	found, err := d.reader.Document(ctx, name)
	return server.Document(found), err
}

func (d documents) Search(ctx context.Context, object, service string, form url.Values) ([]byte, error) {
	return d.reader.Search(ctx, object, service, form)
}

// leastEvery is the shortest time between publications that nobody asked for.
const leastEvery = time.Minute

// leastToken is how long a token must be, in bytes: nobody guesses that.
const leastToken = 16

// check returns what is wrong, as names and complaints.
func (p *publishSettings) check() (bad [][2]string) {
	add := func(name, text string) { bad = append(bad, [2]string{name, text}) }
	for name, text := range map[string]string{"publish-base": p.Base, "publish-images": p.Images} {
		if err := checkURL(text); text != "" && err != nil {
			add(name, err.Error())
		}
	}
	if p.Every != 0 && p.Every < leastEvery {
		add("publish-every", "is shorter than a minute; 0 is never")
	}
	if p.HookToken != "" {
		if len(p.HookToken) < leastToken || strings.ContainsFunc(p.HookToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
			add("publish-hook-token", "takes at least 16 printable characters without spaces")
		}
	}
	return bad
}

func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return errors.New("is not a URL such as https://iiif.example.org/manifests")
	}
	return nil
}
