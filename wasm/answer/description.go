package answer

import (
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// The edge knows of an image what its pyramid says. Of one that has none the origin
// tells it, so that the edge can tell which requests are the same.
const (
	// DescribeHeader is what the edge asks by, with any value.
	DescribeHeader = "X-Vitrine-Describe"
	// DescriptionHeader is what the origin tells an edge that asks, with answers
	// about an image: see Description.
	DescriptionHeader = "X-Vitrine-Image"
)

// maxDescribed bounds the sizes in a description; an image has at most 31 levels.
const maxDescribed = 64

// Description writes what requests for an image are resolved by, besides settings,
// as words: revision, width,height, the tile's width,height, the native quality,
// and width,height of each stored size. It is "" for a revision that is no word.
func Description(info iiif.Info, revision string) string {
	if revision == "" || len(revision) > 256 || len(info.Sizes) > maxDescribed || strings.ContainsFunc(revision, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return ""
	}
	b := append(make([]byte, 0, 128), revision...)
	pair := func(x, y int) {
		b = strconv.AppendInt(append(b, ' '), int64(x), 10)
		b = strconv.AppendInt(append(b, ','), int64(y), 10)
	}
	pair(info.Width, info.Height)
	pair(info.TileWidth, info.TileHeight)
	b = append(append(b, ' '), info.Native.String()...)
	for _, s := range info.Sizes {
		pair(s.Width, s.Height)
	}
	return string(b)
}

// ParseDescription reads what Description writes: of the Info only those fields
// are set.
func ParseDescription(text string) (info iiif.Info, revision string, ok bool) {
	revision, text, _ = strings.Cut(text, " ")
	var native string
	for i := 0; text != ""; i++ {
		var word string
		if word, text, _ = strings.Cut(text, " "); i == 2 {
			native = word
			continue
		}
		x, y, ok := pair(word)
		switch {
		case !ok || i != 1 && (x < 1 || y < 1) || i > 2+maxDescribed:
			return iiif.Info{}, "", false
		case i == 0:
			info.Width, info.Height = x, y
		case i == 1:
			info.TileWidth, info.TileHeight = x, y
		default:
			info.Sizes = append(info.Sizes, iiif.Size{Width: x, Height: y})
		}
	}
	switch native {
	case iiif.Color.String():
		info.Native = iiif.Color
	case iiif.Gray.String():
		info.Native = iiif.Gray
	case iiif.Bitonal.String():
		info.Native = iiif.Bitonal
	default:
		return iiif.Info{}, "", false
	}
	return info, revision, revision != ""
}

// pair reads two numbers of 0 to 2³¹-2 with a comma between them.
func pair(s string) (x, y int, ok bool) {
	first, second, _ := strings.Cut(s, ",")
	a, err1 := strconv.ParseUint(first, 10, 31)
	b, err2 := strconv.ParseUint(second, 10, 31)
	const most = 1<<31 - 2
	return int(a), int(b), err1 == nil && err2 == nil && a <= most && b <= most
}
