package answer

import "strings"

// Route is what a path is about, as it stands in logs and counters.
type Route string

// The routes. Of a path below /iiif/, iiif.Parse says more.
const (
	Base     Route = "base"
	Info     Route = "info"
	Image    Route = "image"
	IIIF     Route = "iiif" // below /iiif/ but of no known form
	Gallery  Route = "gallery"
	Viewer   Route = "viewer"
	Static   Route = "static"
	Health   Route = "health"
	Counters Route = "counters" // of the administrator's listener alone
	Document Route = "document" // published: a manifest, a page
	Search   Route = "search"   // Content Search in a published object
	Hook     Route = "hook"     // the origin is told to publish
	None     Route = "none"
)

// RouteOf returns the route of an escaped path. Routing is by hand because
// ServeMux decodes, cleans and redirects paths, which destroys identifiers.
func RouteOf(path string) Route {
	switch path {
	// The second is where the gallery is when the first is a page that was published.
	case "/", "/images":
		return Gallery
	case "/favicon.ico", "/robots.txt":
		return Static
	case "/health", "/health/live", "/health/ready":
		return Health
	case "/viewer":
		return Viewer
	case "/hooks/directus", "/hooks/publish":
		return Hook
	}
	switch {
	case strings.HasPrefix(path, "/iiif/"):
		return IIIF
	case strings.HasPrefix(path, "/viewer/"):
		return Viewer
	case strings.HasPrefix(path, "/static/"):
		return Static
	}
	return None
}

// ForPeople reports whether the route's answers are pages.
func (r Route) ForPeople() bool { return r == Gallery || r == Viewer || r == Document || r == None }

// Strip removes the public prefix ("" or "/folder") when what remains is a path
// of ours; proxies differ in whether they do.
func Strip(path, prefix string) string {
	if prefix == "" {
		return path
	}
	rest, ok := strings.CutPrefix(path, prefix)
	if ok && rest == "" {
		rest = "/"
	}
	if ok && RouteOf(rest) != None {
		return rest
	}
	return path
}
