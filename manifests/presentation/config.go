package presentation

import (
	"net/url"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/annotation"
	"github.com/vitrine-iiif/vitrine/manifests/markup"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Config says where documents and images are and what every manifest gets.
type Config struct {
	// Base is the URL below which documents are published, without a slash at the
	// end: a manifest is Base/NAME.json. Required, absolute, http or https.
	Base string
	// Images is the URL of our own image server without /iiif and without a slash
	// at the end. Required when items name images by identifier.
	Images string
	// ImageVersion is the version of the Image API in the URLs. Default 3.
	ImageVersion iiif.Version
	// Limits are those of the image server: images that it does not deliver whole
	// are painted at the size that it does deliver.
	Limits iiif.Limits
	// Thumbnail is the longest side of thumbnails in pixels. Default 512, the size of
	// a tile: such a thumbnail is one stored tile of a pyramid.
	Thumbnail int
	// Language is the BCP 47 tag of words that the package itself writes, such as the
	// label of a required statement. Default "en".
	Language string
	// Reference publishes annotations as documents of their own, which manifests
	// name, instead of inside them.
	Reference bool
	// Search announces Content Search 2 at Base/NAME/search for items with
	// transcripts or annotations.
	Search bool
}

// Builder makes documents. It is safe for concurrent use.
type Builder struct {
	cfg        Config
	clean      *markup.Cleaner
	normaliser *annotation.Normaliser
}

// New checks cfg and makes a Builder. It fails with Invalid.
func New(cfg Config) (*Builder, error) {
	const op = "presentation.New"
	cfg.Base, cfg.Images = strings.TrimRight(cfg.Base, "/"), strings.TrimRight(cfg.Images, "/")
	if !absolute(cfg.Base) {
		return nil, fault.New(op, fault.Invalid, "the base of manifests must be an absolute http(s) URL")
	}
	if cfg.Images != "" && !absolute(cfg.Images) {
		return nil, fault.New(op, fault.Invalid, "the image server must be an absolute http(s) URL")
	}
	if cfg.ImageVersion != iiif.V2 {
		cfg.ImageVersion = iiif.V3
	}
	if cfg.Thumbnail <= 0 {
		cfg.Thumbnail = 512
	}
	if cfg.Language == "" {
		cfg.Language = "en"
	}
	clean := markup.New()
	return &Builder{cfg: cfg, clean: clean, normaliser: annotation.New(clean)}, nil
}

// absolute reports whether s is an http or https URL with a host.
func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
}

// ManifestID returns the URL of the manifest of that name, which is escaped: a name
// may hold letters of any script.
func (b *Builder) ManifestID(name string) string {
	return b.cfg.Base + "/" + url.PathEscape(name) + ".json"
}

// below returns the URL of a document that belongs to a manifest.
func (b *Builder) below(name, rest string) string {
	return b.cfg.Base + "/" + url.PathEscape(name) + "/" + rest
}
