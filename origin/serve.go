package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/cache"
	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/render"
	"github.com/vitrine-iiif/vitrine/origin/server"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/testdata/demo"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// gcPercent lets the heap grow to three times what is in use, up to the memory
// limit.
const gcPercent = 200

// serve builds the server that s describes and answers until ctx ends. ready,
// which may be nil, is told the address once it listens.
func serve(ctx context.Context, s *settings, logs io.Writer, ready func(net.Addr)) error {
	log, err := newLogger(s, logs)
	if err != nil {
		return err
	}
	if allowed := s.fitBeside(allowance("/")); s.fit(allowed) {
		log.Warn("memory is lowered to what the control group allows",
			"memory", int64(s.Memory), "max_area", s.MaxArea, "allowed", allowed)
	}
	// Garbage is collected early rather than let the process grow past what the
	// administrator allotted.
	limit := int64(s.Memory) + int64(s.SourceCache) + int64(s.Memory)/overhead
	debug.SetMemoryLimit(limit)
	// Far below that limit, as a server of stored tiles is, the default would
	// collect every few megabytes.
	debug.SetGCPercent(gcPercent)

	titles := map[string]string{}
	if s.Source == "" {
		for _, p := range demo.Pictures() {
			titles[p.Name] = p.Title
		}
		if err := s.useDemo(ctx, log); err != nil {
			return err
		}
	}
	images, err := s.openSource(ctx)
	if err != nil {
		return err
	}
	defer images.Close()
	checks := map[string]server.Checker{"source": images}

	gauges := map[string]func() int64{}
	var rendered render.Store
	if s.Cache != "" {
		c, err := cache.Open(cache.Config{Dir: s.Cache, MaxBytes: int64(s.CacheMax)})
		if err != nil {
			return err
		}
		defer c.Close()
		rendered, checks["cache"] = c, c
		gauges["cache_entries"] = func() int64 { return c.Stats().Entries }
		gauges["cache_bytes"] = func() int64 { return c.Stats().Bytes }
	}
	layout, err := s.layout()
	if err != nil {
		return err
	}
	config := s.renderConfig()
	var kept *store.Store
	var behind *background
	if s.Store != "" {
		if kept, err = store.Open(ctx, s.storeConfig()); err != nil {
			return err
		}
		defer kept.Close()
		if behind, err = s.newBackground(ctx, kept, log, s.besideServer()); err != nil {
			return err
		}
		config.Pyramids = ingested{kept, layout, behind}
	}
	encoder := codec.New(codec.Config{})
	engine := render.New(config, opener{images, layout}, rendered, encoder, func(err error) {
		log.Warn("cache", "error", err.Error())
	})
	defer engine.Close()
	gauges["renderings"] = func() int64 { return int64(engine.Waiting()) }
	if behind != nil {
		debug.SetMemoryLimit(limit + int64(s.Ingest.Memory) + serverBuffer)
		behind.run(ctx, kept, engine)
		defer behind.halt()
		behind.gauges(gauges)
	}

	published, err := s.newPublishing(ctx, log)
	if err != nil {
		return err
	}
	defer published.halt()
	published.gauges(gauges)

	face, deps := s.serverConfig(engine.Style()), server.Deps{
		Images:  engineImages{engine},
		Gallery: newGallery(images, layout, titles),
		Checks:  checks,
		Gauges:  gauges,
		Logger:  log,
	}
	published.serve(&face, &deps, s)
	srv, err := server.New(face, deps)
	if err != nil {
		return err
	}
	published.run(ctx)
	return s.listen(ctx, srv, log, ready)
}

// listen opens the listeners and serves on them.
func (s *settings) listen(ctx context.Context, srv *server.Server, log *slog.Logger, ready func(net.Addr)) error {
	public, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return err
	}
	var admin net.Listener
	if s.AdminListen != "" {
		if admin, err = net.Listen("tcp", s.AdminListen); err != nil {
			public.Close()
			return err
		}
		log.Info("admin", "url", "http://"+admin.Addr().String()+"/health")
	}
	log.Info("serving", "url", "http://"+public.Addr().String()+"/", "source", s.Source, "cache", s.Cache)
	if ready != nil {
		ready(public.Addr())
	}
	err = srv.Serve(ctx, public, admin)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// useDemo makes the demo images, the small ones first, and serves the folder that
// they go to. What needs seconds is made while the server runs already.
func (s *settings) useDemo(ctx context.Context, log *slog.Logger) error {
	dir := filepath.Join(cacheHome(), "demo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("no source is set, and the demo images cannot be written: %w", err)
	}
	s.Source = dir
	if s.Cache == "" {
		s.Cache = filepath.Join(cacheHome(), "rendered")
	}
	log.Info("no source is set: serving demo images; set one with --source")
	first := make(chan struct{})
	go func() {
		opened := false
		open := func() {
			if !opened {
				opened = true
				close(first)
			}
		}
		err := demo.WriteAll(ctx, dir, func(done, total int, name string) {
			log.Info("demo image", "name", name, "made", done, "of", total)
			open()
		})
		if err != nil && ctx.Err() == nil {
			log.Error("demo images", "error", err.Error())
		}
		open()
	}()
	<-first // an empty gallery would look like a failure
	return nil
}

// openSource opens the source of the settings.
func (s *settings) openSource(ctx context.Context) (source.Source, error) {
	header := http.Header{}
	if s.HTTP.Authorization != "" {
		header.Set("Authorization", s.HTTP.Authorization)
	}
	r2, _ := s.r2Config() // checked with the settings when it is needed
	return source.New(ctx, source.Config{
		Spec: s.Source,
		S3:   s.s3Config(),
		R2:   r2,
		HTTP: source.HTTPConfig{
			AllowedHosts: s.HTTP.AllowedHosts, AllowPrivate: s.HTTP.AllowPrivate, Header: header,
			Timing: source.Timing{Total: s.SourceTimeout},
		},
		Buffer: source.BufferConfig{Bytes: int64(s.SourceCache)},
	})
}

func (s *settings) renderConfig() render.Config {
	filters := map[string]pixel.Filter{"box": pixel.Box, "linear": pixel.Linear, "cubic": pixel.Cubic, "lanczos3": pixel.Lanczos3}
	recheck := s.SourceTTL
	if spec, err := source.ParseSpec(s.Source); err == nil && !spec.Remote() {
		recheck = 0
	}
	return render.Config{
		Memory: int64(s.Memory), Queue: s.Queue, Timeout: s.RequestTimeout, Recheck: recheck, Stale: s.Stale,
		Limits: codec.Limits{MaxPixels: s.MaxPixels, MaxDecodeBytes: int64(s.Memory) / 2},
		Info:   iiif.Info{Rights: s.Rights, Attribution: s.Attribution, Logo: s.Logo},
		Style: render.Style{
			JPEGQuality: s.JPEGQuality, WebPQuality: s.WebPQuality, Background: pixel.Colour(s.Background),
			Sharpen: s.Sharpen, Filter: filters[s.Filter], SRGB: s.ICC == "srgb", Progressive: s.Progressive,
		},
	}
}

func (s *settings) serverConfig(style string) server.Config {
	proxies, _ := s.trustedProxies() // checked with the settings
	return server.Config{
		PublicURL: s.PublicURL, TrustedProxies: proxies, Style: style, Title: s.Title,
		EdgeSecrets: s.EdgeSecret,
		Limits: iiif.Limits{
			MaxWidth: s.MaxWidth, MaxHeight: s.MaxHeight, MaxArea: s.MaxArea,
			NoUpscale: !s.Upscaling, StrictSize: s.StrictSize,
		},
		ImageCacheControl: s.CacheControl, InfoCacheControl: s.InfoCacheControl,
		RequestTimeout: s.RequestTimeout, DrainTimeout: s.DrainTimeout, DrainDelay: s.DrainDelay,
	}
}

// newLogger makes the logger of the settings.
func newLogger(s *settings, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return nil, err
	}
	terminal := s.LogFormat == "text"
	if f, ok := w.(*os.File); ok && s.LogFormat == "auto" {
		info, err := f.Stat()
		terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return server.NewLogger(w, terminal, level), nil
}

// opener finds the objects of identifiers.
type opener struct {
	source source.Source
	layout source.Layout
}

func (o opener) Open(ctx context.Context, identifier string) (source.Object, error) {
	return o.layout.Open(ctx, o.source, identifier)
}

// ingested finds the pyramids of a store.
type ingested struct {
	store  *store.Store
	layout source.Layout
	behind *background // told of images that have none; nil when that is to nobody
}

func (p ingested) Open(ctx context.Context, object source.Object) (source.Object, error) {
	const op = "ingested.Open"
	// Under the name that the gallery shows, which ingest uses, and not under an
	// alias without its ending.
	name, ok := p.layout.Identifier(object.Key())
	if !ok {
		return nil, fault.E(op, fault.NotFound, nil)
	}
	id, err := iiif.NewIdentifier(name)
	if err != nil {
		return nil, err
	}
	found, err := p.store.Open(ctx, id)
	if err != nil {
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Corrupt) || fault.Is(err, fault.Unsupported) {
			p.behind.touched(object)
		}
		return nil, err
	}
	if found.Index.Revision() != object.Revision() {
		found.Close()
		p.behind.touched(object)
		return nil, fault.E(op, fault.NotFound, nil)
	}
	return found.Object, nil // a file says of itself that it is one
}

// engineImages shows an Engine to the server.
type engineImages struct{ engine *render.Engine }

func (e engineImages) Describe(ctx context.Context, id iiif.Identifier) (server.Description, error) {
	d, err := e.engine.Describe(ctx, id)
	return server.Description(d), err
}

func (e engineImages) Render(ctx context.Context, c iiif.Canonical, d server.Description) (server.Result, error) {
	r, err := e.engine.Render(ctx, c, render.Description(d))
	return server.Result(r), err
}

// gallery lists a source for the server.
type gallery struct {
	lister source.Lister
	layout source.Layout
	titles map[string]string // by identifier; others are made from the identifier
}

// newGallery returns nil when the source cannot list, as over HTTP.
func newGallery(s source.Source, layout source.Layout, titles map[string]string) server.Gallery {
	if l, ok := s.(source.Lister); ok {
		return gallery{l, layout, titles}
	}
	return nil
}

func (g gallery) List(ctx context.Context, q server.Query) (server.Page, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	page, err := g.lister.List(ctx, source.Query{After: q.After, Contains: q.Search, Limit: q.Limit})
	if err != nil {
		return server.Page{}, fault.E("gallery.List", fault.KindOf(err), err)
	}
	out := server.Page{Next: page.Next}
	for _, e := range page.Entries {
		if id, ok := g.layout.Identifier(e.Key); ok {
			out.Entries = append(out.Entries, server.Entry{Identifier: id, Title: g.titles[id]})
		}
	}
	return out, nil
}
