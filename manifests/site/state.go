package site

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// contentState is the Content State (IIIF Content State API 1.0, section 2 and 6) that
// opens a manifest, or one canvas of it: a target, encoded as the API wants it in URLs.
func contentState(manifest, canvas string) string {
	type resource struct {
		ID     string     `json:"id"`
		Type   string     `json:"type"`
		PartOf []resource `json:"partOf,omitempty"`
	}
	target := resource{ID: manifest, Type: "Manifest"}
	if canvas != "" {
		target = resource{ID: canvas, Type: "Canvas", PartOf: []resource{target}}
	}
	body, err := json.Marshal(target)
	if err != nil {
		return "" // strings always encode
	}
	// Section 6.1: encodeURIComponent, then base64url without padding.
	escaped := strings.ReplaceAll(url.QueryEscape(string(body)), "+", "%20")
	return base64.RawURLEncoding.EncodeToString([]byte(escaped))
}

// open returns the URL at which a viewer elsewhere shows the manifest.
func (o Opener) open(manifest, state string) string {
	component := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	return strings.NewReplacer("{manifest}", component(manifest), "{state}", component(state)).Replace(o.Template)
}

// labelOf is a language map of an annotation, which is either a map or its JSON.
func labelOf(v any) item.Text {
	switch t := v.(type) {
	case item.Text:
		return t
	case map[string]any:
		out := item.Text{}
		for lang, values := range t {
			list, _ := values.([]any)
			for _, e := range list {
				if s, ok := e.(string); ok {
					out[lang] = append(out[lang], s)
				}
			}
		}
		return out
	}
	return nil
}
