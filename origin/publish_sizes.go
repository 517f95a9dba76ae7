package main

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	items "github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/service"
	"github.com/vitrine-iiif/vitrine/origin/codec"
	"github.com/vitrine-iiif/vitrine/origin/render"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// sizer knows the images of the server's own source; without one, which is where a
// publication is made elsewhere, the server is asked.
func (s *settings) sizer(ctx context.Context, p *publisher) (items.Sizer, error) {
	if s.Source == "" {
		return askedSizer{s.publishImages(), service.New(service.Config{Parallel: sizesAtOnce})}, nil
	}
	images, err := s.openSource(ctx)
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, func() { images.Close() })
	layout, err := s.layout()
	if err != nil {
		return nil, err
	}
	config := s.renderConfig()
	if s.Store != "" {
		kept, err := store.Open(ctx, s.storeConfig())
		if err != nil {
			return nil, err
		}
		p.close = append(p.close, func() { kept.Close() })
		config.Pyramids = ingested{store: kept, layout: layout}
	}
	engine := render.New(config, opener{images, layout}, nil, codec.New(codec.Config{}), func(error) {})
	p.close = append([]func(){engine.Close}, p.close...) // before its source
	return sizer{engine, images}, nil
}

// sizer asks the engine, which reads no more of an image than its head.
type sizer struct {
	engine *render.Engine
	images source.Source
}

// sizesAtOnce is how many images are looked at at one time: reading over a network is
// waiting.
const sizesAtOnce = 32

// Sizes implements items.Sizer.
func (z sizer) Sizes(ctx context.Context, ids []string) (map[string]items.Size, map[string]error) {
	sizes, failed := map[string]items.Size{}, map[string]error{}
	var mu sync.Mutex
	var g errgroup.Group
	g.SetLimit(sizesAtOnce)
	for _, name := range ids {
		g.Go(func() error {
			id, err := iiif.NewIdentifier(name)
			var d render.Description
			if err == nil {
				ctx, cancel := context.WithTimeout(ctx, time.Minute)
				d, err = z.engine.Describe(ctx, id)
				cancel()
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed[name] = err
			} else {
				sizes[name] = items.Size{Width: d.Info.Width, Height: d.Info.Height}
			}
			return nil
		})
	}
	g.Wait()
	return sizes, failed
}

// askedSizer asks our own image server by HTTP, one request for each image that has
// not been seen yet.
type askedSizer struct {
	images string // its URL
	asked  *service.Sizer
}

// Sizes implements items.Sizer.
func (z askedSizer) Sizes(ctx context.Context, ids []string) (map[string]items.Size, map[string]error) {
	names, services, failed := map[string]string{}, []string(nil), map[string]error{}
	for _, name := range ids {
		id, err := iiif.NewIdentifier(name)
		if err != nil {
			failed[name] = err
			continue
		}
		uri := z.images + iiif.V3.BasePath(id)
		names[uri] = name
		services = append(services, uri)
	}
	found, bad := z.asked.Sizes(ctx, services)
	sizes := map[string]items.Size{}
	for uri, size := range found {
		sizes[names[uri]] = size
	}
	for uri, err := range bad {
		failed[names[uri]] = err
	}
	return sizes, failed
}
