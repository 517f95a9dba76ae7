package validate

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

func anything(*checker, string, any, place) {}

func text(c *checker, path string, v any, _ place) {
	if _, ok := v.(string); !ok {
		c.errorf(path, "is not a text")
	}
}

func object(c *checker, path string, v any, _ place) {
	if _, ok := v.(map[string]any); !ok {
		c.errorf(path, "is not an object")
	}
}

func positive(c *checker, path string, v any, _ place) {
	if n, ok := number(v); !ok || n <= 0 {
		c.errorf(path, "is not a number greater than 0")
	} else if !strings.HasSuffix(path, "duration") && n != float64(int64(n)) {
		c.errorf(path, "is not a whole number")
	}
}

// tag is a BCP 47 language tag, roughly.
var tag = regexp.MustCompile(`^([A-Za-z]{2,3}|[xi])(-[A-Za-z0-9]{1,8})*$`)

func languageMap(c *checker, path string, v any, _ place) {
	m, ok := v.(map[string]any)
	if !ok {
		c.errorf(path, "is not a language map such as {\"en\": [\"…\"]}")
		return
	}
	if len(m) == 0 {
		c.errorf(path, "has no language")
	}
	for lang, values := range m {
		p := join(path, lang)
		if lang != "none" && !tag.MatchString(lang) {
			c.errorf(p, "is neither a language tag nor \"none\"")
		}
		list, ok := values.([]any)
		if !ok {
			c.errorf(p, "is not a list of texts")
			continue
		}
		if len(list) == 0 {
			c.errorf(p, "has no text")
		}
		for i, e := range list {
			if _, ok := e.(string); !ok {
				c.errorf(index(p, i), "is not a text")
			}
		}
	}
}

func languages(c *checker, path string, v any, _ place) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // bodies of annotations have one
	}
	for _, e := range list {
		if s, ok := e.(string); !ok || !tag.MatchString(s) {
			c.errorf(path, "%v is not a language tag", e)
		}
	}
}

func pair(c *checker, path string, v any, at place) {
	m, ok := v.(map[string]any)
	if !ok {
		c.errorf(path, "is not an object with label and value")
		return
	}
	for _, key := range []string{"label", "value"} {
		if m[key] == nil {
			c.errorf(join(path, key), "is missing")
			continue
		}
		languageMap(c, join(path, key), m[key], at)
	}
}

func pairs(c *checker, path string, v any, at place) {
	c.list(path, v, func(p string, e any) { pair(c, p, e, at) })
}

// list checks each element of a list.
func (c *checker) list(path string, v any, each func(path string, e any)) {
	l, ok := v.([]any)
	if !ok {
		c.errorf(path, "is not a list")
		return
	}
	for i, e := range l {
		each(index(path, i), e)
	}
}

var (
	commonsURI    = regexp.MustCompile(`^http://creativecommons\.org/(licenses/(by|by-sa|by-nd|by-nc|by-nc-sa|by-nc-nd)/[1-4]\.[05]|publicdomain/(mark|zero)/1\.0)/([a-z]{2,3}(/igo)?/)?$`)
	statementsURI = regexp.MustCompile(`^http://rightsstatements\.org/vocab/[A-Za-z-]+/1\.0/$`)
)

func rights(c *checker, path string, v any, _ place) {
	s, ok := v.(string)
	switch {
	case !ok || !web(s):
		c.errorf(path, "is not the URI of a licence")
	case strings.Contains(s, "creativecommons.org") && !commonsURI.MatchString(s):
		c.errorf(path, "%q is not written as Creative Commons gives it, such as http://creativecommons.org/licenses/by/4.0/", s)
	case strings.Contains(s, "rightsstatements.org") && !statementsURI.MatchString(s):
		c.errorf(path, "%q is not written as RightsStatements.org gives it, such as http://rightsstatements.org/vocab/InC/1.0/", s)
	}
}

func date(c *checker, path string, v any, _ place) {
	s, _ := v.(string)
	if _, err := time.Parse(time.RFC3339, s); err != nil {
		c.errorf(path, "%v is not a date and time such as 1856-01-01T00:00:00Z", v)
	}
}

func oneOf(values ...string) rule {
	return func(c *checker, path string, v any, _ place) {
		if s, ok := v.(string); !ok || !slices.Contains(values, s) {
			c.errorf(path, "%v is none of %s", v, strings.Join(values, ", "))
		}
	}
}

func direction(c *checker, path string, v any, at place) {
	oneOf("left-to-right", "right-to-left", "top-to-bottom", "bottom-to-top")(c, path, v, at)
}

var behaviors = []string{"auto-advance", "no-auto-advance", "repeat", "no-repeat", "unordered", "individuals", "continuous", "paged", "facing-pages",
	"non-paged", "multi-part", "together", "sequence", "thumbnail-nav", "no-nav", "hidden"}

// exclusive are behaviors that contradict each other (section 3.3).
var exclusive = [][]string{{"auto-advance", "no-auto-advance"}, {"repeat", "no-repeat"}, {"unordered", "individuals", "continuous", "paged"},
	{"facing-pages", "non-paged"}, {"multi-part", "together"}, {"sequence", "thumbnail-nav", "no-nav"}}

func behavior(c *checker, path string, v any, _ place) {
	var have []string
	c.list(path, v, func(p string, e any) {
		s, _ := e.(string)
		if !slices.Contains(behaviors, s) && !web(s) {
			c.errorf(p, "%v is not a behavior", e)
		}
		have = append(have, s)
	})
	for _, group := range exclusive {
		var both []string
		for _, s := range group {
			if slices.Contains(have, s) {
				both = append(both, s)
			}
		}
		if len(both) > 1 {
			c.errorf(path, "%s contradict each other", strings.Join(both, " and "))
		}
	}
}

// links are lists of documents elsewhere; homepage and rendering need labels.
func links(labelled bool) rule {
	return func(c *checker, path string, v any, at place) {
		c.list(path, v, func(p string, e any) {
			m := c.typed(p, e)
			if m == nil {
				return
			}
			if labelled && m["label"] == nil {
				c.errorf(join(p, "label"), "is missing")
			}
			kind, _ := m["type"].(string)
			if (kind == "Manifest" || kind == "Canvas" || kind == "Collection") && m["items"] == nil {
				return // a reference
			}
			c.object(p, m, kind, at)
		})
	}
}

// typed returns v if it is an object with a type.
func (c *checker) typed(path string, v any) map[string]any {
	m, ok := v.(map[string]any)
	if !ok {
		c.errorf(path, "is not an object")
		return nil
	}
	if s, ok := m["type"].(string); !ok || s == "" {
		if _, two := m["@type"].(string); !two {
			c.errorf(join(path, "type"), "is missing")
		}
	}
	return m
}

func contents(c *checker, path string, v any, at place) {
	c.list(path, v, func(p string, e any) {
		if m := c.typed(p, e); m != nil {
			kind, _ := m["type"].(string)
			c.object(p, m, kind, at)
		}
	})
}

// services have id and type, or of version 2 @id and @type.
func services(c *checker, path string, v any, _ place) {
	c.list(path, v, func(p string, e any) {
		m, ok := e.(map[string]any)
		if !ok {
			c.errorf(p, "is not an object")
			return
		}
		id, typ := m["id"], m["type"]
		if id == nil {
			id = m["@id"]
		}
		if typ == nil {
			typ = m["@type"]
		}
		if s, ok := id.(string); !ok || !absolute(s) {
			c.errorf(join(p, "id"), "of a service is missing or not a URI")
		}
		kind, _ := typ.(string)
		if kind == "" {
			c.errorf(join(p, "type"), "of a service is missing")
		}
		profile, _ := m["profile"].(string)
		switch {
		case kind == "ImageService3" && !slices.Contains([]string{"level0", "level1", "level2"}, profile):
			c.errorf(join(p, "profile"), "%q of an ImageService3 is none of level0, level1, level2", profile)
		case kind == "ImageService2" && profile == "":
			c.errorf(join(p, "profile"), "of an ImageService2 is missing")
		}
	})
}

// references name other resources.
func references(c *checker, path string, v any, _ place) {
	c.list(path, v, func(p string, e any) {
		if m := c.typed(p, e); m != nil {
			if s, ok := m["id"].(string); !ok || !absolute(s) {
				c.errorf(join(p, "id"), "is missing or not a URI")
			}
		}
	})
}

func absolute(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.IsAbs() && !strings.ContainsAny(s, " \t\n<>\"") && (u.Host != "" || u.Opaque != "")
}

func web(s string) bool {
	return (strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://")) && absolute(s)
}
