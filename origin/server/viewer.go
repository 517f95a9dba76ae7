package server

import (
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/rights"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

type viewerPage struct {
	frame
	Identifier    string
	Width, Height int
	Megapixels    string
	InfoPath      template.URL // for the script
	Info3, Info2  string       // absolute
	Image         string       // absolute, the largest JPEG
	Fallback      template.URL // an image of moderate size
	Downloads     []download
	RightsURL     string // "" when it is no web address
	Rights        string
	Attribution   string
}

// download is a link to the image in one size.
type download struct {
	Label         string
	Width, Height int
	Href          template.URL
	File          string
}

// viewer answers /viewer/{identifier}; /viewer?id=… of the form leads there.
func (c *call) viewer() error {
	segment, ok := strings.CutPrefix(c.path, "/viewer/")
	if !ok {
		id, err := iiif.NewIdentifier(strings.TrimSpace(c.r.URL.Query().Get("id")))
		if err != nil {
			return err
		}
		c.redirect("/viewer/" + id.Escaped())
		return nil
	}
	id, err := iiif.ParseIdentifier(segment)
	if err != nil {
		return err
	}
	c.record.identifier = id.String()
	d, err := c.deps.Images.Describe(c.work, id)
	if err != nil {
		return err
	}
	downloads, err := c.downloads(id, d.Info)
	if err != nil {
		return err
	}
	largest := downloads[len(downloads)-1]
	page := viewerPage{
		frame:       c.frame(titleOf(id.String())),
		Identifier:  id.String(),
		Width:       d.Info.Width,
		Height:      d.Info.Height,
		Megapixels:  megapixels(d.Info.Width, d.Info.Height),
		InfoPath:    c.link(iiif.V3.BasePath(id) + "/info.json"),
		Info3:       c.place.url(iiif.V3.BasePath(id) + "/info.json"),
		Info2:       c.place.url(iiif.V2.BasePath(id) + "/info.json"),
		Image:       c.place.origin + string(largest.Href),
		Fallback:    c.link(c.thumbnail(id, "!1200,1200")),
		Downloads:   downloads,
		Attribution: plainText(d.Info.Attribution),
	}
	page.Rights, page.RightsURL = rights.Name(d.Info.Rights)
	return c.sendPage(http.StatusOK, "viewer.html", page)
}

// downloads returns a few sizes, small to large; the last one is the largest that
// is served. Sizes that would be nearly the same are left out.
func (c *call) downloads(id iiif.Identifier, info iiif.Info) ([]download, error) {
	var list []download
	for _, size := range []struct {
		side  int // 0 for the largest
		label string
	}{{1000, "Small"}, {2000, "Medium"}, {4000, "Large"}, {0, "Full size"}} {
		word := "max"
		if size.side > 0 {
			if size.side*5 > max(info.Width, info.Height)*4 {
				continue // hardly less than the full size
			}
			side := strconv.Itoa(size.side)
			word = "!" + side + "," + side
		}
		req, err := iiif.Parse(iiif.V3.BasePath(id) + "/full/" + word + "/0/default.jpg")
		if err != nil {
			return nil, fault.E("server.downloads", fault.Internal, err)
		}
		canonical, err := req.Resolve(info, c.config.Limits)
		if err != nil {
			return nil, fault.E("server.downloads", fault.Internal, err)
		}
		d := download{
			Label: size.label, Width: canonical.Width, Height: canonical.Height,
			Href: c.link(iiif.V3.BasePath(id) + "/" + canonical.Path()),
			File: fileName(id.String(), iiif.JPG),
		}
		if size.side == 0 && (d.Width < info.Width || d.Height < info.Height) {
			d.Label = "Largest"
		}
		if n := len(list); n > 0 && list[n-1].Width == d.Width && list[n-1].Height == d.Height {
			list = list[:n-1]
		}
		list = append(list, d)
	}
	return list, nil
}

// megapixels returns "9.0" or "120", "" below a tenth of a megapixel.
func megapixels(w, h int) string {
	mp := float64(w) * float64(h) / 1e6
	switch {
	case mp < 0.1:
		return ""
	case mp < 10:
		return strconv.FormatFloat(mp, 'f', 1, 64)
	}
	return strconv.FormatFloat(mp, 'f', 0, 64)
}

// plainText removes the tags of simple HTML, which version 2 allows in attributions.
func plainText(s string) string {
	var b strings.Builder
	for s != "" {
		before, rest, tag := strings.Cut(s, "<")
		b.WriteString(before)
		if !tag {
			break
		}
		_, after, closed := strings.Cut(rest, ">")
		if !closed {
			b.WriteString("<" + rest)
			break
		}
		s = after
	}
	return strings.TrimSpace(b.String())
}
