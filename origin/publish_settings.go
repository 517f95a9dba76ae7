package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/directus"
	"github.com/vitrine-iiif/vitrine/manifests/folder"
	items "github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/manifests/service"
	"github.com/vitrine-iiif/vitrine/manifests/site"
	"github.com/vitrine-iiif/vitrine/manifests/table"
	"github.com/vitrine-iiif/vitrine/origin/publication"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// publishSettings say which manifests are made of what, and where they go.
type publishSettings struct {
	From        string   `placeholder:"directus://HOST|FILE.csv|DIR|s3://BUCKET/PREFIX" help:"What manifests are made of: a Directus, a table, or a folder of images."`
	To          string   `placeholder:"DIR|s3://BUCKET/PREFIX|r2://BUCKET/PREFIX" help:"Where manifests and pages go."`
	Base        string   `placeholder:"URL" help:"The URL that the manifests are reached by; public-url if empty."`
	Images      string   `placeholder:"URL" help:"The URL of the image server in manifests, without /iiif; public-url if empty."`
	Mapping     string   `placeholder:"FILE" help:"A mapping: which field feeds which property."`
	Token       string   `placeholder:"TOKEN" help:"Static token of a Directus user who may read."`
	Collection  string   `default:"iiif_images" help:"Collection of Directus."`
	Filter      string   `placeholder:"JSON" help:"Filter of Directus; status published if empty."`
	Group       string   `placeholder:"COLUMN" help:"Column of a table that says which rows are one object; 'object' if empty."`
	ImagePrefix string   `placeholder:"TEXT" help:"Put before image names to make identifiers."`
	Language    string   `default:"en" help:"Language of texts that do not say theirs."`
	Reference   bool     `help:"Publish annotations as documents of their own instead of inside manifests."`
	Search      bool     `default:"true" negatable:"" help:"Announce Content Search of texts and annotations; this server must be reachable at publish-base for it."`
	Version2    bool     `default:"true" negatable:"" help:"Publish Presentation 2.1 for old viewers as well."`
	Site        bool     `default:"true" negatable:"" help:"Publish pages for people: an index, a page for each object, a feed and a site map."`
	Viewer      string   `default:"openseadragon" enum:"openseadragon,mirador" help:"Viewer on the pages of objects: openseadragon or mirador."`
	PageSize    int      `default:"48" help:"Objects on a page of the index."`
	OpenIn      []string `placeholder:"NAME=URL,…" help:"Viewers on the web that pages link to, {manifest} in the URL being the manifest; 'none' for no links. The public ones of Mirador, Clover and Universal Viewer if empty."`
	MaxRemoval  float64  `default:"0.2" help:"Largest share of manifests that one publication may remove without --allow-delete."`

	Every     time.Duration `default:"24h" help:"A server publishes that often by itself, in case that no hook told it of a change; 0 is never."`
	HookToken string        `placeholder:"TOKEN" help:"Token by which POST /hooks/directus and /hooks/publish make a server publish. Without it there are no hooks."`
}

// publisher is everything that a publication needs, opened.
type publisher struct {
	config publish.Config
	close  []func()
}

// Close releases what the publisher holds.
func (p *publisher) Close() {
	for _, f := range p.close {
		f()
	}
}

// newPublisher opens source, target and images.
func (s *settings) newPublisher(ctx context.Context) (*publisher, error) {
	p := &publisher{}
	err := s.fillPublisher(ctx, p)
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (s *settings) fillPublisher(ctx context.Context, p *publisher) error {
	base, images := cmp.Or(s.Publish.Base, s.PublicURL), s.publishImages()
	if base == "" {
		return errors.New("publish-base is missing: the URL that the manifests are reached by")
	}
	builder, err := presentation.New(presentation.Config{Base: base, Images: images, Language: s.Publish.Language, Reference: s.Publish.Reference, Search: s.Publish.Search,
		Limits: s.serverConfig("").Limits})
	if err != nil {
		return err
	}
	from, err := s.manifestSource(ctx, p)
	if err != nil {
		return err
	}
	target, err := s.manifestTarget(ctx, p)
	if err != nil {
		return err
	}
	sizer, err := s.sizer(ctx, p)
	if err != nil {
		return err
	}
	p.config = publish.Config{Source: from, Target: target, Builder: builder, Sizer: sizer, Services: service.New(service.Config{}),
		MaxRemoval: s.Publish.MaxRemoval, Recipe: s.recipe(base, images)}
	p.config.Lists = []func(presentation.Catalogue) iter.Seq2[presentation.Document, error]{
		builder.Collections(items.Plain(s.Publish.Language, s.Title)), builder.Activity,
	}
	if s.Publish.Version2 {
		p.config.Objects = append(p.config.Objects, builder.Version2)
	}
	return s.addSite(p, base)
}

// publishImages is the URL of the image server in manifests.
func (s *settings) publishImages() string {
	return strings.TrimRight(cmp.Or(s.Publish.Images, s.PublicURL), "/")
}

// addSite makes the publication one that people read, too.
func (s *settings) addSite(p *publisher, base string) error {
	if !s.Publish.Site {
		return nil
	}
	pages, err := site.New(site.Config{Base: base, Title: s.Title, Language: s.Publish.Language, Viewer: s.Publish.Viewer,
		Elsewhere: s.viewersElsewhere(), PageSize: s.Publish.PageSize, Version2: s.Publish.Version2})
	if err != nil {
		return err
	}
	p.config.Assets = pages.Assets()
	p.config.Objects = append(p.config.Objects, pages.Object)
	p.config.Lists = append(p.config.Lists, pages.Lists)
	p.config.Recipe += "\x00" + pages.Recipe()
	return nil
}

// viewersElsewhere reads open-in.
func (s *settings) viewersElsewhere() []site.Opener {
	if len(s.Publish.OpenIn) == 0 {
		return site.PublicViewers()
	}
	var list []site.Opener
	for _, text := range s.Publish.OpenIn {
		if text == "none" {
			continue
		}
		name, address, _ := strings.Cut(text, "=")
		list = append(list, site.Opener{Name: name, Template: address})
	}
	return list
}

// recipe names everything that documents follow from beside the items.
func (s *settings) recipe(base, images string) string {
	const form = "2" // raised when the same items give other documents
	limits := s.serverConfig("").Limits
	return strings.Join([]string{form, base, images, s.Publish.Language, s.Title, boolWord(s.Publish.Reference), boolWord(s.Publish.Search), boolWord(s.Publish.Version2), limitWords(limits)}, "\x00")
}

func boolWord(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// manifestSource opens what manifests are made of.
func (s *settings) manifestSource(ctx context.Context, p *publisher) (items.Source, error) {
	from := s.Publish.From
	scheme, rest, _ := strings.Cut(from, "://")
	var m *mapping.Mapping
	if s.Publish.Mapping != "" {
		read, err := s.readMapping(strings.HasPrefix(scheme, "directus"))
		if err != nil {
			return nil, err
		}
		m = &read
	}
	switch {
	case from == "":
		return nil, errors.New("publish-from is missing: what manifests are made of")
	case scheme == "directus" || scheme == "directus+https" || scheme == "directus+http":
		web := "https://"
		if scheme == "directus+http" {
			web = "http://"
		}
		if m == nil {
			classic := mapping.Classic()
			classic.Language, classic.Page.ImagePrefix = s.Publish.Language, s.Publish.ImagePrefix
			m = &classic
		}
		return directus.New(directus.Config{URL: web + rest, Token: s.Publish.Token, Collection: s.Publish.Collection, Filter: s.Publish.Filter, Mapping: m})
	case strings.EqualFold(path.Ext(from), ".csv") || strings.EqualFold(path.Ext(from), ".tsv"):
		if m == nil {
			plain := mapping.Default()
			plain.Language, plain.Page.ImagePrefix = s.Publish.Language, s.Publish.ImagePrefix
			m = &plain
		}
		open, err := s.opener(ctx, from, p)
		if err != nil {
			return nil, err
		}
		return table.New(table.Config{File: path.Base(filepath.ToSlash(from)), Mapping: m, Group: s.Publish.Group, Open: open})
	}
	tree, err := s.manifestTree(ctx, from, p)
	if err != nil {
		return nil, err
	}
	return folder.New(folder.Config{Tree: tree, ImagePrefix: s.Publish.ImagePrefix, Language: s.Publish.Language, Mapping: m})
}

// readMapping reads the mapping over the defaults, those of Directus for that.
func (s *settings) readMapping(classic bool) (mapping.Mapping, error) {
	f, err := os.Open(s.Publish.Mapping)
	if err != nil {
		return mapping.Mapping{}, err
	}
	defer f.Close()
	base := mapping.Default()
	if classic {
		base = mapping.Classic()
	}
	base.Language, base.Page.ImagePrefix = s.Publish.Language, s.Publish.ImagePrefix
	return mapping.Parse(f, base)
}

// opener opens a table, on disk or in a bucket.
func (s *settings) opener(ctx context.Context, from string, p *publisher) (func(context.Context) (io.ReadCloser, error), error) {
	if !strings.Contains(from, "://") {
		return func(context.Context) (io.ReadCloser, error) {
			f, err := os.Open(from)
			if err != nil {
				return nil, fault.E("publish", fault.Unavailable, err).WithPublic(err.Error())
			}
			return f, nil
		}, nil
	}
	dir, name := path.Split(from)
	b, err := s.manifestBucket(ctx, dir, p)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (io.ReadCloser, error) {
		body, _, err := b.Get(ctx, name)
		return io.NopCloser(strings.NewReader(string(body))), err
	}, nil
}

// manifestTree opens a folder of images, on disk or in a bucket.
func (s *settings) manifestTree(ctx context.Context, from string, p *publisher) (folder.Tree, error) {
	if strings.Contains(from, "://") {
		b, err := s.manifestBucket(ctx, from, p)
		if err != nil {
			return nil, err
		}
		return publication.Tree{Bucket: b}, nil
	}
	root, err := os.OpenRoot(from)
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, func() { root.Close() })
	return folder.FS{FS: root.FS()}, nil
}

// manifestTarget opens where manifests go.
func (s *settings) manifestTarget(ctx context.Context, p *publisher) (publish.Target, error) {
	switch {
	case s.Publish.To == "":
		return nil, errors.New("publish-to is missing: where manifests go")
	case strings.Contains(s.Publish.To, "://"):
		return s.manifestBucket(ctx, s.Publish.To, p)
	}
	f, err := publish.OpenFolder(s.Publish.To)
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, func() { f.Close() })
	return f, nil
}

// manifestBucket opens s3://bucket/prefix or r2://bucket/prefix.
func (s *settings) manifestBucket(ctx context.Context, spec string, p *publisher) (*publication.Bucket, error) {
	parsed, err := source.ParseSpec(spec)
	if err != nil {
		return nil, err
	}
	bucket, prefix, r2, ok := parsed.Bucket()
	if !ok {
		return nil, errors.New(spec + " is neither a folder nor s3://BUCKET/PREFIX or r2://BUCKET/PREFIX")
	}
	c := s.s3Config()
	if r2 {
		if c, err = s.r2Config(); err != nil {
			return nil, err
		}
	}
	c.Bucket, c.Prefix = bucket, prefix
	b, err := publication.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, func() { b.Close() })
	return b, nil
}
