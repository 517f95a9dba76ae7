package site

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/presentation"
)

// host is what may stand in a content policy: a semicolon, which URLs allow in host
// names, would begin another directive.
var host = regexp.MustCompile(`^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// maxOrigins bounds a policy; an object has its images at one or two servers.
const maxOrigins = 20

// origins are the places that a page loads from.
type origins []string

func (o *origins) add(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !host.MatchString(u.Host) {
		return
	}
	if origin := u.Scheme + "://" + strings.ToLower(u.Host); !slices.Contains(*o, origin) && len(*o) < maxOrigins {
		*o = append(*o, origin)
	}
}

func (o *origins) images(list []presentation.Image) {
	for _, i := range list {
		o.add(i.ID)
		for _, s := range i.Service {
			o.add(s.ID + s.ID2)
		}
	}
}

// list writes the origins for a directive.
func (o origins) list() string {
	if len(o) == 0 {
		return ""
	}
	return " " + strings.Join(o, " ")
}

// policy is the content policy of a page that shows pictures of these origins and, for
// a viewer, asks them for their descriptions. There is no script and no style but the
// site's own files.
func policy(pictures origins, viewer string) string {
	style, images, connect := "'self'", "'self'"+pictures.list(), "'self'"
	switch viewer {
	case Mirador:
		// Its components write style elements as they go.
		style += " 'unsafe-inline'"
		images += " data: blob:"
		connect += pictures.list()
	case OpenSeadragon:
		images += " data:"
		connect += pictures.list()
	}
	return "default-src 'none'; script-src 'self'; style-src " + style + "; img-src " + images + "; connect-src " + connect +
		"; base-uri 'none'; form-action 'self'"
}
