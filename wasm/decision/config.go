package decision

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// Config are the settings of a Decider. Those that the origin has as well must be
// as there, or the two answer differently.
type Config struct {
	// PublicURL is what clients reach the edge by: scheme, host and perhaps a path
	// prefix. Required: the Host of a request is not believed.
	PublicURL string
	// StorePrefix is put before all keys of the store: "" or a path that ends with
	// a slash. Default "".
	StorePrefix string
	// Limits bound the results, and are what info.json declares.
	Limits iiif.Limits
	// Info holds what info.json says of every image beyond its dimensions.
	Info iiif.Info
	// Style is the origin's name for its settings that change pixels. Default that
	// of its default settings. With another one, entity tags differ from the
	// origin's, and clients load again what they have.
	Style string
	// ImageCacheControl, InfoCacheControl and SiteCacheControl are the Cache-Control
	// of images, of info.json with the redirects to it, and of pages and manifests.
	// Default as the origin's, and a minute for pages.
	ImageCacheControl, InfoCacheControl, SiteCacheControl string
	// IndexTTL is how long a pyramid is taken as unchanged, in milliseconds, and
	// NegativeTTL the same of what does not exist. Default 60,000 both.
	IndexTTL, NegativeTTL int64
	// RetryAfter is what 503 answers suggest, in seconds. Default 5.
	RetryAfter int
	// MemoryBytes bounds the heads of pyramids that are kept, and MemoryEntries their
	// number with that of absent ones. Default 3 MiB and 4,096: half is free of the
	// 16 MiB that the whole Wasm memory shall not exceed.
	MemoryBytes   int64
	MemoryEntries int
}

// DefaultStyle is the Style of an origin with default settings.
const DefaultStyle = "v2-q85w80b1ff1ff1ffs0f3"

func (c Config) withDefaults() Config {
	c.Style = cmp.Or(c.Style, DefaultStyle)
	c.ImageCacheControl = cmp.Or(c.ImageCacheControl, "public, max-age=86400, stale-while-revalidate=604800")
	c.InfoCacheControl = cmp.Or(c.InfoCacheControl, "public, max-age=300")
	c.SiteCacheControl = cmp.Or(c.SiteCacheControl, "public, max-age=60")
	c.IndexTTL = cmp.Or(c.IndexTTL, 60_000)
	c.NegativeTTL = cmp.Or(c.NegativeTTL, 60_000)
	c.RetryAfter = cmp.Or(c.RetryAfter, 5)
	c.MemoryBytes = cmp.Or(c.MemoryBytes, 3<<20)
	c.MemoryEntries = cmp.Or(c.MemoryEntries, 4096)
	return c
}

// ParseConfig reads settings as they stand in a Worker's variables: NAME=value,
// each followed by a zero byte. Names are those of the origin's environment; those
// that are not known are an error, so that a misspelt one does not go unnoticed.
// It fails with Invalid, and says which setting is wrong.
func ParseConfig(text string) (Config, error) {
	c := Config{Limits: iiif.Limits{MaxArea: 10_000_000}}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\x00")
		name, value, _ := strings.Cut(line, "=")
		if !c.take(name, value) {
			return c, fault.E("decision.ParseConfig", fault.Invalid, errors.New("the setting "+name+" is unknown or its value is wrong"))
		}
	}
	return c, nil
}

// take sets what name names and reports whether that was possible.
func (c *Config) take(name, value string) (ok bool) {
	ok = true
	switch name {
	case "VITRINE_PUBLIC_URL":
		c.PublicURL = value
	case "VITRINE_STORE_PREFIX":
		if c.StorePrefix = strings.Trim(value, "/"); c.StorePrefix != "" {
			c.StorePrefix += "/" // as in s3://bucket/prefix
		}
	case "VITRINE_STYLE":
		c.Style = value
		ok = printable(value)
	case "VITRINE_CACHE_CONTROL":
		c.ImageCacheControl = value
	case "VITRINE_INFO_CACHE_CONTROL":
		c.InfoCacheControl = value
	case "VITRINE_SITE_CACHE_CONTROL":
		c.SiteCacheControl = value
	case "VITRINE_INDEX_TTL":
		c.IndexTTL, ok = number(value, 1, 86_400)
		c.IndexTTL *= 1000
	case "VITRINE_NEGATIVE_TTL":
		c.NegativeTTL, ok = number(value, 1, 86_400)
		c.NegativeTTL *= 1000
	case "VITRINE_MAX_WIDTH":
		var n int64
		n, ok = number(value, 0, 1<<31-1)
		c.Limits.MaxWidth = int(n)
	case "VITRINE_MAX_HEIGHT":
		var n int64
		n, ok = number(value, 0, 1<<31-1)
		c.Limits.MaxHeight = int(n)
	case "VITRINE_MAX_AREA":
		c.Limits.MaxArea, ok = number(value, 0, 1<<40)
	case "VITRINE_UPSCALING":
		c.Limits.NoUpscale = value == "false"
		ok = value == "true" || value == "false"
	case "VITRINE_STRICT_SIZE":
		c.Limits.StrictSize = value == "true"
		ok = value == "true" || value == "false"
	case "VITRINE_RIGHTS":
		c.Info.Rights = value
	case "VITRINE_ATTRIBUTION":
		c.Info.Attribution = value
	case "VITRINE_LOGO":
		c.Info.Logo = value
	default:
		ok = false
	}
	return ok
}

func number(s string, least, most int64) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= least && n <= most
}

// printable reports whether s is printable ASCII, as header values are.
func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// splitURL splits http(s)://host[:port][/prefix], with or without a final slash.
func splitURL(s string) (origin, prefix string, ok bool) {
	scheme, rest, _ := strings.Cut(s, "://")
	host, path, slash := strings.Cut(rest, "/")
	if scheme != "http" && scheme != "https" || host == "" || strings.Trim(host, hostBytes) != "" {
		return "", "", false
	}
	path = strings.TrimRight(path, "/")
	if !slash || path == "" {
		return scheme + "://" + host, "", true
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, segmentBytes) != "" {
			return "", "", false
		}
	}
	return scheme + "://" + host, "/" + path, true
}

const (
	segmentBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
	hostBytes    = segmentBytes + ":[]"
)
