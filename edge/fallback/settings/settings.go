// Package settings reads what the fallback part of the edge is told by its
// bindings: the variables and secrets of wrangler.toml.
//
// It is not for the settings of the part that plans, which reads its own.
package settings

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/edge/fallback/admin"
	"github.com/vitrine-iiif/vitrine/edge/fallback/relay"
	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// Settings are all settings of the fallback.
type Settings struct {
	// Relay is for requests that need the origin.
	Relay relay.Config
	// Admin is for calls of the administrator, and of the clock.
	Admin admin.Config
}

// Parse reads the settings through get, which returns "" for what is not set. The
// error joins every mistake; it names variables and shows no secret.
func Parse(get func(name string) string) (Settings, error) {
	p := parser{get: get}
	var s Settings
	public := p.url("VITRINE_PUBLIC_URL", true)
	origin := p.url("ORIGIN_URL", false)
	prefix := strings.Trim(get("VITRINE_STORE_PREFIX"), "/")
	if prefix != "" {
		prefix += "/"
	}
	s.Relay = relay.Config{
		Public: public, Origin: origin, Secret: p.secret("ORIGIN_SECRET"), Style: cmp.Or(get("VITRINE_STYLE"), decision.DefaultStyle),
		Attempts: p.number("ORIGIN_ATTEMPTS", 1, 10),
		Attempt:  p.milliseconds("ORIGIN_TIMEOUT_MS", 60_000),
		Total:    p.milliseconds("ORIGIN_TOTAL_MS", 120_000),
		StaleFor: time.Duration(p.number("STALE_MAX_AGE", 1, 86400)) * time.Second,
		Keep: relay.Keep{
			On:          p.on("WRITE_BACK"),
			MaxBytes:    int64(p.number("WRITE_BACK_MAX_BYTES", 1, 16<<20)),
			MaxPerImage: p.number("WRITE_BACK_MAX_PER_IMAGE", 1, 1000),
		},
	}
	// What is kept must be held first.
	s.Relay.Hold = max(1<<20, s.Relay.Keep.MaxBytes)
	s.Admin = admin.Config{
		Token: p.secret("ADMIN_TOKEN"), Public: public, Origin: origin, Prefix: prefix,
		WarmList:        strings.FieldsFunc(get("WARM"), func(r rune) bool { return r == '\n' || r == ' ' || r == '\t' }),
		WarmMax:         p.number("WARM_MAX", 1, 5000),
		WarmConcurrency: p.number("WARM_CONCURRENCY", 1, 6),
		PublishPath:     p.path("PUBLISH_PATH"),
		KeepsRendered:   s.Relay.Keep.On,
	}
	return s, errors.Join(p.errs...)
}

type parser struct {
	get  func(string) string
	errs []error
}

func (p *parser) bad(name, format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
}

// url reads an absolute URL without anything behind its path.
func (p *parser) url(name string, required bool) *url.URL {
	text := p.get(name)
	if text == "" {
		if required {
			p.bad(name, "is missing")
		}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.bad(name, "%q is not a URL such as https://iiif.example.org", text)
		return nil
	}
	return u
}

// number reads a whole number; 0 when it is not set.
func (p *parser) number(name string, low, high int) int {
	text := p.get(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		p.bad(name, "%q is not a number from %d to %d", text, low, high)
		return 0
	}
	return n
}

func (p *parser) milliseconds(name string, high int) time.Duration {
	return time.Duration(p.number(name, 1, high)) * time.Millisecond
}

func (p *parser) on(name string) bool {
	switch text := p.get(name); text {
	case "true", "on", "1":
		return true
	case "", "false", "off", "0":
	default:
		p.bad(name, "%q is neither true nor false", text)
	}
	return false
}

// secret reads a secret, which must be fit for a header.
func (p *parser) secret(name string) string {
	text := p.get(name)
	if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) {
		p.bad(name, "must be of printable ASCII without spaces")
		return ""
	}
	return text
}

// path reads an absolute path; "" turns off what it is for.
func (p *parser) path(name string) string {
	text := p.get(name)
	if text != "" && (text[0] != '/' || strings.ContainsAny(text, "?# \t")) {
		p.bad(name, "%q is not a path such as /hooks/publish", text)
		return ""
	}
	return text
}
