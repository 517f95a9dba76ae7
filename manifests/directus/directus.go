// Package directus reads objects from a collection of Directus 11 over its REST API,
// with a static token.
//
// The classic set-up, a collection iiif_images with the fields that the usual
// generator script expects, needs no configuration but URL and token. Everything
// else is said by a mapping: which field feeds which property, where the pages of an
// object are, where the translations.
package directus

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/mapping"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Config says what is read.
type Config struct {
	// URL is that of Directus. Required.
	URL string
	// Token is a static token of a user who may read the collection; empty reads what
	// the public may.
	Token string
	// Collection is read. Default "iiif_images".
	Collection string
	// Filter is Directus' JSON filter. Default: status is published. "{}" is none.
	Filter string
	// Fields are asked for beside "*" and those that the mapping needs.
	Fields []string
	// Mapping says what is what. Default mapping.Classic().
	Mapping *mapping.Mapping
	// PageSize is how many items one request asks for. Default 100, the smallest
	// QUERY_LIMIT_MAX that is common.
	PageSize int
	// Client sends the requests. Default: one with a time limit of 30 s.
	Client *http.Client
	// Tries is how often a request is sent. Default 4, with pauses of 0.5, 1 and 2 s.
	Tries int
	// Pause is the first pause. Default 500 ms.
	Pause time.Duration
}

// Source reads a collection. It is safe for concurrent use.
type Source struct {
	cfg  Config
	base *url.URL
}

var _ item.Source = (*Source)(nil)

// New checks cfg. Nothing is sent. It fails with Invalid.
func New(cfg Config) (*Source, error) {
	const op = "directus.New"
	base, err := url.Parse(strings.TrimRight(cfg.URL, "/"))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fault.New(op, fault.Invalid, "Directus needs an http(s) URL")
	}
	if cfg.Collection == "" {
		cfg.Collection = "iiif_images"
	}
	if cfg.Filter == "" {
		cfg.Filter = `{"status":{"_eq":"published"}}`
	}
	if cfg.Mapping == nil {
		m := mapping.Classic()
		cfg.Mapping = &m
	}
	if cfg.PageSize <= 0 {
		cfg.PageSize = 100
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 30 * time.Second}
	}
	if cfg.Tries <= 0 {
		cfg.Tries = 4
	}
	if cfg.Pause <= 0 {
		cfg.Pause = 500 * time.Millisecond
	}
	return &Source{cfg: cfg, base: base}, nil
}

// Items reads the collection page by page in the order of the primary key. An item
// that cannot be an object is yielded with its error, and reading goes on.
func (s *Source) Items(ctx context.Context) iter.Seq2[item.Item, error] {
	return func(yield func(item.Item, error) bool) {
		var last any
		for {
			rows, err := s.page(ctx, last)
			if err != nil {
				yield(item.Item{}, err)
				return
			}
			for _, row := range rows {
				id := row["id"]
				if id == nil || id == last {
					yield(item.Item{}, fault.New("directus.Items", fault.Unavailable, "Directus sends items without a primary key \"id\""))
					return
				}
				last = id
				it, err := s.cfg.Mapping.Item(s.cfg.Collection+" "+fmt.Sprint(id), row)
				if !yield(it, err) {
					return
				}
			}
			if len(rows) < s.cfg.PageSize {
				return
			}
		}
	}
}

// page reads the items behind the one with the primary key last. Paging by key and
// not by number neither skips nor repeats an item when others appear or vanish
// between two requests.
func (s *Source) page(ctx context.Context, last any) ([]mapping.Record, error) {
	q := url.Values{"fields": {strings.Join(s.fields(), ",")}, "sort": {"id"}, "limit": {strconv.Itoa(s.cfg.PageSize)}}
	filter := s.cfg.Filter
	if last != nil {
		behind := `{"id":{"_gt":` + quote(last) + `}}`
		if filter == "{}" {
			filter = behind
		} else {
			filter = `{"_and":[` + filter + `,` + behind + `]}`
		}
	}
	q.Set("filter", filter)
	for name := range s.deep() {
		// Related records come in their own order, all of them.
		q.Set("deep["+name+"][_limit]", "-1")
	}
	rows, err := s.get(ctx, "/items/"+url.PathEscape(s.cfg.Collection)+"?"+q.Encode())
	if err != nil {
		return nil, err
	}
	return rows, nil
}

// fields are what the mapping needs: everything of the item, and of each related
// record that a dotted name leads into. Unknown names answer 403 for the whole query,
// so no optional field is ever named: "*" brings those that exist.
func (s *Source) fields() []string {
	out := append([]string{"*"}, s.cfg.Fields...)
	m := s.cfg.Mapping
	for _, v := range m.Fields() {
		if dot := strings.LastIndexByte(v, '.'); dot > 0 {
			out = append(out, v[:dot]+".*")
		}
	}
	if m.Pages != "" {
		out = append(out, m.Pages+".*")
		for _, v := range m.Page.Fields() {
			if dot := strings.LastIndexByte(v, '.'); dot > 0 {
				out = append(out, m.Pages+"."+v[:dot]+".*")
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// deep are the fields that hold lists of related records.
func (s *Source) deep() map[string]bool {
	out := map[string]bool{}
	for _, name := range []string{s.cfg.Mapping.Pages, s.cfg.Mapping.Translations.Field} {
		if name != "" {
			out[name] = true
		}
	}
	return out
}
