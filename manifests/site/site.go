// Package site makes the pages that people read from what is published: lists of
// objects that work without scripts, a page with a viewer for each object, a feed and
// a site map.
//
// Everything that comes from records is escaped by html/template; HTML is only let
// through where the specification allows it, and after markup has cleaned it. Pages
// carry a content policy of their own, so that they are as safe on a plain file server
// as on ours, and nothing is loaded from anywhere but the site and the image servers
// that a manifest names.
package site

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/url"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/markup"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/viewer"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

//go:embed assets
var assetFiles embed.FS

//go:embed templates
var templateFiles embed.FS

// Viewers of object pages.
const (
	OpenSeadragon = "openseadragon"
	Mirador       = "mirador"
)

// Config says how the site looks.
type Config struct {
	// Base is the URL below which everything is published, without a slash at the
	// end. Required, absolute.
	Base string
	// Title is the name of the site. Required.
	Title string
	// Language is the BCP 47 tag of the texts to show first, and of the words of the site
	// itself where they are translated. Default "en".
	Language string
	// Viewer of object pages: OpenSeadragon (default) or Mirador.
	Viewer string
	// Elsewhere are viewers on the web that open a manifest. Default is none;
	// PublicViewers are well-known ones.
	Elsewhere []Opener
	// PageSize is how many objects a list shows. Default 48, which fills rows of 2,
	// 3, 4, 6 and 8.
	PageSize int
	// Version2 says that a Presentation 2.1 document lies beside each manifest.
	Version2 bool
	// FeedLength is how many objects the feed has. Default 50.
	FeedLength int
}

// Opener is a viewer on the web.
type Opener struct {
	// Name is shown.
	Name string
	// Template is its URL, in which {manifest} becomes the URL of the manifest, and
	// {state} its Content State, both percent-encoded.
	Template string
}

// PublicViewers are demonstrations by the makers of Mirador, Clover and Universal
// Viewer, which open any manifest that the public can read.
func PublicViewers() []Opener {
	return []Opener{
		{"Mirador", "https://projectmirador.org/embed/?iiif-content={manifest}"},
		{"Clover", "https://samvera-labs.github.io/clover-iiif/docs/viewer/demo?iiif-content={manifest}"},
		{"Universal Viewer", "https://uv-v4.netlify.app/#?manifest={manifest}"},
	}
}

// Site makes pages. It is safe for concurrent use.
type Site struct {
	cfg     Config
	clean   *markup.Cleaner
	pages   *template.Template
	files   []viewer.File
	assets  map[string]string // path below Base by name
	version string
	tongue  tongue
	from    origins // of the page that is being made
}

// New checks cfg. It fails with Invalid and says what is wrong.
func New(cfg Config) (*Site, error) {
	const op = "site.New"
	cfg.Base = strings.TrimRight(cfg.Base, "/")
	if u, err := url.Parse(cfg.Base); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fault.New(op, fault.Invalid, "the base of the site must be an absolute http(s) URL")
	}
	if strings.TrimSpace(cfg.Title) == "" {
		return nil, fault.New(op, fault.Invalid, "the site needs a title")
	}
	for _, o := range cfg.Elsewhere {
		if err := o.check(); err != nil {
			return nil, err
		}
	}
	if cfg.Viewer == "" {
		cfg.Viewer = OpenSeadragon
	}
	if cfg.Viewer != OpenSeadragon && cfg.Viewer != Mirador {
		return nil, fault.New(op, fault.Invalid, "the viewer must be "+OpenSeadragon+" or "+Mirador)
	}
	if cfg.Language == "" {
		cfg.Language = "en"
	}
	if cfg.PageSize <= 0 {
		cfg.PageSize = 48
	}
	if cfg.FeedLength <= 0 {
		cfg.FeedLength = 50
	}
	s := &Site{cfg: cfg, clean: markup.New()}
	var err error
	if s.tongue, err = newTongue(cfg.Language); err != nil {
		return nil, err
	}
	if err := s.loadAssets(); err != nil {
		return nil, err
	}
	return s, s.loadTemplates()
}

// check refuses a template that leads nowhere.
func (o Opener) check() error {
	u, err := url.Parse(strings.NewReplacer("{manifest}", "m", "{state}", "s").Replace(o.Template))
	named := strings.Contains(o.Template, "{manifest}") || strings.Contains(o.Template, "{state}")
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || !named || strings.TrimSpace(o.Name) == "" {
		return fault.New("site.New", fault.Invalid, "a viewer must be NAME=URL with {manifest} in the URL, not "+o.Name+"="+o.Template)
	}
	return nil
}

// miradorOnly and openSeadragonOnly name the files that the other viewer does not need.
var (
	miradorOnly       = map[string]bool{"mirador.js": true}
	openSeadragonOnly = map[string]bool{"viewer.js": true, "object.js": true, "openseadragon-6.1.1.min.js": true, "openseadragon-LICENSE.txt": true}
)

func (s *Site) loadAssets() error {
	shared, err := viewer.Files()
	if err != nil {
		return err
	}
	own, err := viewer.Read(assetFiles, "assets")
	if err != nil {
		return err
	}
	unused := miradorOnly
	if s.cfg.Viewer == Mirador {
		unused = openSeadragonOnly
		files, err := viewer.Mirador()
		if err != nil {
			return err
		}
		shared = append(shared, files...)
	}
	s.assets = map[string]string{}
	h := sha256.New()
	for _, f := range append(shared, own...) {
		if unused[f.Name] {
			continue
		}
		s.files = append(s.files, f)
		s.assets[f.Name] = "assets/" + f.Hash + "/" + f.Name
		h.Write([]byte(f.Name + f.Hash))
	}
	entries, err := templateFiles.ReadDir("templates")
	if err != nil {
		return fault.E("site.New", fault.Internal, err)
	}
	for _, e := range entries {
		body, err := templateFiles.ReadFile("templates/" + e.Name())
		if err != nil {
			return fault.E("site.New", fault.Internal, err)
		}
		h.Write(body)
	}
	h.Write(s.tongue.file)
	s.version = hex.EncodeToString(h.Sum(nil)[:8])
	return nil
}

func (s *Site) loadTemplates() (err error) {
	s.pages, err = template.New("").Funcs(template.FuncMap{
		"t": s.tongue.say,
		// A name that is not there is a mistake in a template.
		"asset": func(name string) (string, error) {
			if p, ok := s.assets[name]; ok {
				return p, nil
			}
			return "", fault.New("site.page", fault.Internal, "there is no file "+name)
		},
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return fault.E("site.New", fault.Internal, err)
	}
	return nil
}

// Assets are the files that pages name. They have to be there before the pages. Their
// paths hold a hash of their content, so caches may keep them for ever.
func (s *Site) Assets() []presentation.Document {
	var docs []presentation.Document
	for _, f := range s.files {
		docs = append(docs, presentation.Document{Path: s.assets[f.Name], MediaType: f.MediaType, Body: f.Body})
	}
	return docs
}

// Recipe identifies everything that pages follow from beside their manifests: settings,
// templates and the files that they name.
func (s *Site) Recipe() string {
	c := s.cfg
	parts := []string{s.version, c.Base, c.Title, c.Language, c.Viewer}
	if c.Version2 {
		parts = append(parts, "2")
	}
	for _, o := range c.Elsewhere {
		parts = append(parts, o.Name, o.Template)
	}
	return strings.Join(parts, "\x00")
}
