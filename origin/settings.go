package main

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// settings are all that an administrator can set. Each is a flag, an environment
// variable VITRINE_… and a key of vitrine.toml; see config.go for the order.
type settings struct {
	Source    string `placeholder:"DIR|s3://BUCKET/PREFIX|r2://BUCKET/PREFIX|https://HOST/PATH" help:"Where the images are. Without it, demo images are made and served." group:"Images"`
	Listen    string `default:"127.0.0.1:8182" help:"Address to listen on." group:"Server"`
	PublicURL string `name:"public-url" placeholder:"URL" help:"The URL that viewers reach this server by, such as https://iiif.example.org. Set it in production: without it the request's own Host is used." group:"Server"`
	Store     string `placeholder:"DIR|s3://BUCKET/PREFIX|r2://BUCKET/PREFIX" help:"Where pyramids are kept that ingest makes." group:"Images"`
	Cache     string `placeholder:"DIR" help:"Folder that keeps rendered images. Empty: nothing is kept on disk." group:"Cache"`

	AdminListen    string        `placeholder:"ADDR" help:"Second address for health and counters, which no load on the first can starve." group:"Server"`
	TrustedProxies []string      `placeholder:"CIDR,…" help:"Peers whose X-Forwarded-Proto, -Host and -Prefix are believed." group:"Server"`
	EdgeSecret     []string      `placeholder:"SECRET,…" help:"Answer only requests whose X-Vitrine-Edge header holds one of these, besides health. Several serve to change them." group:"Server"`
	Title          string        `default:"Vitrine" help:"Title of the gallery." group:"Server"`
	RequestTimeout time.Duration `default:"60s" help:"Longest time for one rendering." group:"Server"`
	DrainDelay     time.Duration `default:"0s" help:"Time between failing readiness and closing the door at shutdown, for load balancers to notice." group:"Server"`
	DrainTimeout   time.Duration `default:"20s" help:"Time that running requests get at shutdown." group:"Server"`
	LogLevel       string        `default:"info" enum:"debug,info,warn,error" help:"Least level of log lines (debug, info, warn, error)." group:"Server"`
	LogFormat      string        `default:"auto" enum:"auto,text,json" help:"Log format: auto is text on a terminal and JSON elsewhere." group:"Server"`

	CacheMax         byteSize `default:"10GiB" help:"Most bytes that the cache folder holds." group:"Cache"`
	CacheControl     string   `default:"public, max-age=86400, stale-while-revalidate=604800" help:"Cache-Control of images." group:"Cache"`
	InfoCacheControl string   `default:"public, max-age=300" help:"Cache-Control of info.json." group:"Cache"`

	Identifier identifierSettings `embed:"" prefix:"identifier-" group:"Identifiers"`
	S3         s3Settings         `embed:"" prefix:"s3-" group:"S3"`
	R2         r2Settings         `embed:"" prefix:"r2-" group:"R2"`
	HTTP       httpSettings       `embed:"" prefix:"http-" group:"HTTP source"`
	Ingest     ingestSettings     `embed:"" prefix:"ingest-" group:"Ingest"`

	Publish publishSettings `embed:"" prefix:"publish-" group:"Publish"`

	SourceTTL     time.Duration `name:"source-ttl" default:"30s" help:"How long a remote image is taken as unchanged before it is asked for again. Folders are looked at each time." group:"Images"`
	Stale         time.Duration `default:"1h" help:"How long, after a source last told of an image, what is in the cache and in local pyramids is still served while the source fails. 0 for not at all." group:"Images"`
	SourceTimeout time.Duration `default:"2500ms" help:"Longest wait for a remote source before the answer is 503." group:"Images"`
	SourceCache   byteSize      `default:"64MiB" help:"Memory for blocks read from remote sources." group:"Images"`
	MaxPixels     int64         `default:"64000000000" help:"Most pixels that a stored image may have." group:"Images"`

	MaxWidth   int      `default:"0" help:"Most pixels of width that are delivered; 0 is no limit." group:"Limits"`
	MaxHeight  int      `default:"0" help:"Most pixels of height that are delivered; 0 is max-width." group:"Limits"`
	MaxArea    int64    `default:"10000000" help:"Most pixels that are delivered in one image; 0 is no limit." group:"Limits"`
	Upscaling  bool     `default:"true" negatable:"" help:"Allow ^ sizes (and sizes above the region in version 2) within the limits." group:"Limits"`
	StrictSize bool     `help:"Refuse !w,h sizes larger than the region, instead of delivering the region's size." group:"Limits"`
	Memory     byteSize `default:"768MiB" help:"Memory for decoding and rendering." group:"Limits"`
	Queue      int      `default:"256" help:"Renderings that may run or wait; more are answered 503 at once." group:"Limits"`

	JPEGQuality int     `name:"jpeg-quality" default:"85" help:"Quality of JPEG, 1 to 100." group:"Pictures"`
	Progressive bool    `name:"jpeg-progressive" help:"Write JPEG progressively: shown coarse at first and a little smaller, for five times the time to write it. Tiles that are copied stay as they are." group:"Pictures"`
	WebPQuality int     `name:"webp-quality" default:"80" help:"Quality of WebP, 1 to 100." group:"Pictures"`
	Background  colour  `default:"#ffffff" help:"Ground behind rotated and transparent images where the format has no transparency." group:"Pictures"`
	Sharpen     float64 `default:"0" help:"Sharpening after scaling down, 0 (none) to 10." group:"Pictures"`
	Filter      string  `default:"lanczos3" enum:"lanczos3,cubic,linear,box" help:"Resampling filter (lanczos3, cubic, linear, box)." group:"Pictures"`
	ICC         string  `name:"icc" default:"keep" enum:"keep,srgb" help:"Embedded colour profiles: keep them in the answer, or convert to srgb." group:"Pictures"`

	Rights      string `placeholder:"URI" help:"Rights statement or licence of all images, named in info.json." group:"Pictures"`
	Attribution string `placeholder:"TEXT" help:"Attribution in version 2 info.json." group:"Pictures"`
	Logo        string `placeholder:"URI" help:"Logo in version 2 info.json." group:"Pictures"`
}

// identifierSettings say how an identifier names an object of the source.
type identifierSettings struct {
	Prefix          string   `help:"Put before each identifier."`
	Suffix          string   `help:"Put after each identifier, for instance .tif."`
	Layout          string   `default:"simple" help:"How identifiers become paths: simple, 'nested N' (N folders of two characters each) or pairtree."`
	SlashSubstitute string   `help:"Text in identifiers that stands for a slash, for instance --."`
	Extensions      []string `placeholder:"EXT,…" help:"Endings tried in order when an identifier without one names nothing."`
}

// s3Settings reach an S3 service. Without keys the usual AWS chain is asked:
// environment, shared files, instance role.
type s3Settings struct {
	Endpoint  string `placeholder:"URL" help:"Endpoint of an S3 service other than AWS (R2, MinIO)."`
	Region    string `placeholder:"NAME" help:"Region; auto for R2."`
	PathStyle bool   `help:"Put the bucket into the path, as MinIO wants it."`
	AccessKey string `placeholder:"KEY" help:"Access key; empty uses the AWS credential chain."`
	SecretKey string `placeholder:"SECRET" help:"Secret of the access key."`
	Anonymous bool   `help:"Send no credentials, for public buckets."`
}

// r2Settings reach Cloudflare R2, for r2:// places. They are apart from those of S3
// because the images may lie at AWS and the pyramids at Cloudflare.
type r2Settings struct {
	AccountID string `placeholder:"ID" help:"Cloudflare account ID; with .eu or .fedramp behind it for a jurisdiction."`
	AccessKey string `placeholder:"KEY" help:"Access key of an R2 API token; empty uses the AWS credential chain."`
	SecretKey string `placeholder:"SECRET" help:"Secret of the access key."`
	Endpoint  string `placeholder:"URL" help:"Endpoint instead of the one of the account, for tests."`
}

// httpSettings guard a source that is read over HTTP.
type httpSettings struct {
	AllowedHosts  []string `placeholder:"HOST,…" help:"Hosts that may be read and redirected to; the source's own if empty."`
	AllowPrivate  bool     `help:"Allow private and loopback addresses."`
	Authorization string   `placeholder:"VALUE" help:"Authorization header sent to the source."`
}

// ingestSettings say when pyramids are made without being told to, and at what
// expense.
type ingestSettings struct {
	Automatic bool     `help:"Make pyramids in the background of images that are asked for. Off unless set: the server then writes to the store, which its credentials must allow, and the store grows to the size of the source."`
	Events    string   `placeholder:"URL" help:"SQS queue that gets the events of the source's bucket, such as https://sqs.eu-central-1.amazonaws.com/123456789012/uploads: new images are ingested, pyramids of removed ones removed. AWS credentials are those of s3."`
	Workers   int      `default:"0" help:"Images, and tiles of all images together, that are worked on at once; 0 is 1 beside a server and the number of processors in work."`
	Memory    byteSize `default:"256MiB" help:"Memory for making pyramids beside a server, on top of memory. An image that must be decoded whole and needs more gets none."`
}

// byteSize is a number of bytes that is written with a unit: 512MiB, 10GB, 4096.
type byteSize int64

var byteUnits = []struct {
	name string
	size int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// UnmarshalText reads a size; the error says what is allowed.
func (b *byteSize) UnmarshalText(text []byte) error {
	s, unit := strings.TrimSpace(string(text)), int64(1)
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(s, u.name); ok {
			s, unit = strings.TrimSpace(rest), u.size
			break
		}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return fmt.Errorf("%q is not a size such as 512MiB or 10GB", text)
	}
	*b = byteSize(n * unit)
	return nil
}

// MarshalText writes the size with the largest unit that fits exactly.
func (b byteSize) MarshalText() ([]byte, error) {
	for _, u := range []int{3, 2, 1, 0} {
		if size := byteUnits[u].size; int64(b) >= size && int64(b)%size == 0 {
			return []byte(strconv.FormatInt(int64(b)/size, 10) + byteUnits[u].name), nil
		}
	}
	return []byte(strconv.FormatInt(int64(b), 10)), nil
}

// colour is a ground colour: #rrggbb, white or black.
type colour pixel.Colour

// UnmarshalText reads a colour; the error says what is allowed.
func (c *colour) UnmarshalText(text []byte) error {
	p, err := pixel.ParseColour(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a colour such as #ffffff", text)
	}
	*c = colour(p)
	return nil
}

// MarshalText writes the colour as #rrggbb.
func (c colour) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "#%02x%02x%02x", c.R, c.G, c.B), nil
}

// bytesPerPixel is the memory that the largest answer takes for each of its pixels
// in the worst case, a square turned by 45° with transparent corners, doubled
// because half of the memory is for the image that it is made of.
const bytesPerPixel = 2 * (3*4 + 2*4*2)

// check returns everything that is wrong with the settings, joined.
func (s *settings) check() error {
	var errs []error
	bad := func(name, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			bad("public-url", "%q is not a URL such as https://iiif.example.org", s.PublicURL)
		}
	}
	for name, addr := range map[string]string{"listen": s.Listen, "admin-listen": s.AdminListen} {
		if _, port, ok := cutLast(addr, ":"); (addr != "" || name == "listen") && (!ok || !isPort(port)) {
			bad(name, "%q is not an address such as 127.0.0.1:8182", addr)
		}
	}
	if _, err := s.trustedProxies(); err != nil {
		bad("trusted-proxies", "%v", err)
	}
	for _, secret := range s.EdgeSecret {
		if len(secret) < 16 || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }) {
			bad("edge-secret", "takes at least 16 printable characters without spaces")
		}
	}
	inRange := func(name string, v, low, high int64) {
		if v < low || v > high {
			bad(name, "%d is not between %d and %d", v, low, high)
		}
	}
	inRange("jpeg-quality", int64(s.JPEGQuality), 1, 100)
	inRange("webp-quality", int64(s.WebPQuality), 1, 100)
	inRange("queue", int64(s.Queue), 1, 100000)
	inRange("max-width", int64(s.MaxWidth), 0, 1<<31-1)
	inRange("max-height", int64(s.MaxHeight), 0, 1<<31-1)
	inRange("max-area", s.MaxArea, 0, 1<<40)
	inRange("max-pixels", s.MaxPixels, 1, 1<<40)
	if s.MaxHeight > 0 && s.MaxWidth == 0 {
		bad("max-height", "needs max-width (Image API 3.0 §5.3)")
	}
	if s.Memory < 64<<20 {
		bad("memory", "%d bytes are too few; the least is 64MiB", int64(s.Memory))
	}
	if s.Sharpen < 0 || s.Sharpen > 10 {
		bad("sharpen", "%g is not between 0 and 10", s.Sharpen)
	}
	for name, d := range map[string]time.Duration{"request-timeout": s.RequestTimeout, "source-timeout": s.SourceTimeout} {
		if d <= 0 {
			bad(name, "%s is not a positive time", d)
		}
	}
	for name, d := range map[string]time.Duration{"source-ttl": s.SourceTTL, "stale": s.Stale, "drain-timeout": s.DrainTimeout, "drain-delay": s.DrainDelay} {
		if d < 0 {
			bad(name, "%s is negative", d)
		}
	}
	if s.CacheMax < 64<<10 {
		bad("cache-max", "%d bytes are too few; the least is 64KiB", int64(s.CacheMax))
	}
	for name, text := range map[string]string{"rights": s.Rights, "logo": s.Logo} {
		if u, err := url.Parse(text); text != "" && (err != nil || !u.IsAbs() || u.Host == "") {
			bad(name, "%q is not a URI such as https://example.org/x", text)
		}
	}
	if need := s.MaxArea * bytesPerPixel; s.MaxArea > 0 && need > int64(s.Memory) {
		bad("max-area", "%d pixels need memory of at least %dMiB", s.MaxArea, need>>20+1)
	}
	if _, err := s.layout(); err != nil {
		bad("identifier-layout", "%s", fault.Public(err))
	}
	if s.Source != "" {
		if _, err := source.ParseSpec(s.Source); err != nil {
			bad("source", "%s", fault.Public(err))
		}
	}
	if s.Store != "" {
		if spec, err := source.ParseSpec(s.Store); err != nil {
			bad("store", "%s", fault.Public(err))
		} else if _, _, _, ok := spec.Bucket(); spec.Remote() && !ok {
			bad("store", "%q is neither a folder nor s3://bucket/prefix or r2://bucket/prefix", s.Store)
		}
	}
	for _, problem := range append(s.Ingest.check(s), s.Publish.check()...) {
		bad(problem[0], "%s", problem[1])
	}
	if strings.HasPrefix(s.Store, "r2://") || strings.HasPrefix(s.Source, "r2://") || s.R2.AccountID != "" {
		if _, err := s.r2Config(); err != nil {
			bad("r2-account-id", "%s", fault.Public(err))
		}
	}
	if (s.R2.AccessKey == "") != (s.R2.SecretKey == "") {
		bad("r2-access-key", "the access key and the secret key go together")
	}
	if (s.S3.AccessKey == "") != (s.S3.SecretKey == "") {
		bad("s3-access-key", "the access key and the secret key go together")
	}
	for _, h := range []struct{ name, value string }{{"cache-control", s.CacheControl}, {"info-cache-control", s.InfoCacheControl}, {"http-authorization", s.HTTP.Authorization}} {
		if strings.ContainsFunc(h.value, func(r rune) bool { return r < ' ' || r > '~' }) {
			bad(h.name, "is not a header value")
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n < 65536
}

// trustedProxies reads the list of networks; a plain address is a network of one.
func (s *settings) trustedProxies() ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range s.TrustedProxies {
		if addr, err := netip.ParseAddr(text); err == nil {
			list = append(list, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not a network such as 10.0.0.0/8", text)
		}
		list = append(list, p)
	}
	return list, nil
}

// layout returns the rule that turns identifiers into keys.
func (s *settings) layout() (source.Layout, error) {
	return source.NewLayout(source.LayoutConfig{
		Scheme: s.Identifier.Layout, Prefix: s.Identifier.Prefix, Suffix: s.Identifier.Suffix,
		SlashSubstitute: s.Identifier.SlashSubstitute, Extensions: s.Identifier.Extensions,
	})
}

// cacheHome returns the folder for things that can be made again, such as the
// demo images.
func cacheHome() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "vitrine")
}
