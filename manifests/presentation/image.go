package presentation

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// picture is an item.Image with everything that is needed to name its renderings.
type picture struct {
	item.Image
	base      string // of the image service; "" for a plain file
	own       bool
	version   iiif.Version
	id        iiif.Identifier
	delivered item.Size // of full/max
}

// picture resolves img. An unknown size is Invalid: a canvas without size is never
// published.
func (b *Builder) picture(img item.Image) (picture, error) {
	const op = "presentation.Build"
	p := picture{Image: img, version: b.cfg.ImageVersion, delivered: item.Size{Width: img.Width, Height: img.Height}}
	if img.Width < 1 || img.Height < 1 {
		return p, fault.New(op, fault.Invalid, "the size of image "+strconv.Quote(img.ID+img.Service+img.URL)+" is not known")
	}
	switch {
	case img.ID != "":
		id, err := iiif.NewIdentifier(img.ID)
		if err != nil {
			return p, fault.E(op, fault.Invalid, err)
		}
		if b.cfg.Images == "" {
			return p, fault.New(op, fault.Invalid, "image "+strconv.Quote(img.ID)+" needs an image server, and none is configured")
		}
		p.id, p.own = id, true
		p.base = b.cfg.Images + p.version.BasePath(id)
		return p, p.resolve(b.cfg.Limits)
	case img.Service != "":
		p.base = strings.TrimSuffix(strings.TrimRight(img.Service, "/"), "/info.json")
		if !absolute(p.base) {
			return p, fault.New(op, fault.Invalid, "image service "+strconv.Quote(img.Service)+" is not an absolute URL")
		}
		p.version = iiif.V3
		if img.Version == 2 {
			p.version = iiif.V2
		}
	case !absolutePicture(img.URL):
		return p, fault.New(op, fault.Invalid, "image "+strconv.Quote(img.URL)+" is not an absolute URL")
	}
	return p, nil
}

// absolutePicture allows a query, which services of plain files use.
func absolutePicture(s string) bool {
	path, _, _ := strings.Cut(s, "?")
	return absolute(path)
}

// resolve asks the protocol itself what full/max delivers under the limits.
func (p *picture) resolve(lim iiif.Limits) error {
	word := "max"
	if p.version == iiif.V2 {
		word = "full"
	}
	req, err := iiif.Parse(p.version.BasePath(p.id) + "/full/" + word + "/0/default.jpg")
	if err == nil && p.version == iiif.V2 {
		// In version 2 full/full of a large image is refused, max is not.
		req, err = iiif.Parse(p.version.BasePath(p.id) + "/full/max/0/default.jpg")
	}
	if err != nil {
		return err
	}
	c, err := req.Resolve(iiif.Info{Width: p.Width, Height: p.Height}, lim)
	if err != nil {
		return err
	}
	p.delivered = item.Size{Width: int(c.Width), Height: int(c.Height)}
	return nil
}

// services describe the image service; nil for a plain file.
func (p *picture) services() []Service {
	if p.base == "" {
		return nil
	}
	level := p.Level
	if p.own || level == "" {
		level = "level2"
	}
	if p.version == iiif.V2 {
		return []Service{{ID2: p.base, Type2: "ImageService2", Profile: "http://iiif.io/api/image/2/" + level + ".json"}}
	}
	return []Service{{ID: p.base, Type: "ImageService3", Profile: level}}
}

// largest is the word for the largest size in a URL. "max" is new in version 2.1, so a
// service elsewhere may not know it.
func (p *picture) largest() string {
	if p.version == iiif.V2 && !p.own {
		return "full"
	}
	return "max"
}

// body is the image as it is painted on its canvas. Its size is what its URL
// delivers, and its format is that of the URL, not of the stored file.
func (p *picture) body() Image {
	if p.base == "" {
		return Image{ID: p.URL, Type: "Image", Format: p.mediaType(), Width: p.Width, Height: p.Height}
	}
	return Image{ID: p.base + "/full/" + p.largest() + "/0/default.jpg", Type: "Image", Format: "image/jpeg",
		Width: p.delivered.Width, Height: p.delivered.Height, Service: p.services()}
}

// mediaType of a plain file: what the record says, or what its name ends with.
func (p *picture) mediaType() string {
	if p.Format != "" {
		return p.Format
	}
	path, _, _ := strings.Cut(p.URL, "?")
	ext := path[strings.LastIndexByte(path, '.')+1:]
	if f, ok := iiif.ParseFormat(strings.Replace(strings.ToLower(ext), "jpeg", "jpg", 1)); ok {
		return f.MediaType()
	}
	return ""
}

// thumbnail is a small rendering whose longer side is at most limit, at a size that
// the server has stored where there is one: such a size costs nothing to deliver. It
// is never larger than the image. Its service lists the stored sizes, from which viewers
// choose what fits without asking for info.json.
func (p *picture) thumbnail(limit int, lim iiif.Limits) Image {
	if p.base == "" || !p.own && p.Level == "level0" { // which has no sizes that we know
		return p.body()
	}
	size, services := fit(item.Size{Width: p.Width, Height: p.Height}, limit), p.services()
	if p.own {
		services[0].Width, services[0].Height = p.Width, p.Height
		for _, s := range (iiif.Info{Width: p.Width, Height: p.Height}).AdvertisedSizes(lim) {
			services[0].Sizes = append(services[0].Sizes, Size(s))
			if s.Width <= limit && s.Height <= limit && 2*max(s.Width, s.Height) > limit {
				size = item.Size{Width: s.Width, Height: s.Height}
			}
		}
	}
	word := strconv.Itoa(size.Width) + ","
	if p.version == iiif.V3 {
		word += strconv.Itoa(size.Height)
	}
	if size == p.delivered && size.Width == p.Width {
		word = p.largest()
	}
	return Image{ID: p.base + "/full/" + word + "/0/default.jpg", Type: "Image", Format: "image/jpeg",
		Width: size.Width, Height: size.Height, Service: services}
}

// fit returns the size whose longer side is at most limit, with the proportions of s.
func fit(s item.Size, limit int) item.Size {
	long := max(s.Width, s.Height)
	if long <= limit {
		return s
	}
	scale := func(n int) int { return max(1, int((int64(n)*int64(limit)*2+int64(long))/(2*int64(long)))) }
	return item.Size{Width: scale(s.Width), Height: scale(s.Height)}
}
