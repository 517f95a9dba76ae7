package presentation

import (
	"net/url"
	"regexp"
	"strings"
)

// statements are the twelve of rightsstatements.org/page by their names and codes.
var statements = map[string]string{
	"in copyright":                                                  "InC",
	"in copyright - eu orphan work":                                 "InC-OW-EU",
	"in copyright - educational use permitted":                      "InC-EDU",
	"in copyright - non-commercial use permitted":                   "InC-NC",
	"in copyright - rights-holder(s) unlocatable or unidentifiable": "InC-RUU",
	"no copyright - contractual restrictions":                       "NoC-CR",
	"no copyright - non-commercial use only":                        "NoC-NC",
	"no copyright - other known legal restrictions":                 "NoC-OKLR",
	"no copyright - united states":                                  "NoC-US",
	"copyright not evaluated":                                       "CNE",
	"copyright undetermined":                                        "UND",
	"no known copyright":                                            "NKC",
}

// commons finds the elements and the version of a Creative Commons licence in a name
// such as "CC BY-NC-SA 4.0" or "cc-by".
var commons = regexp.MustCompile(`^(?:cc|creative commons)[ -]+(by(?:[ -](?:nc|sa|nd)){0,2})(?:[ -]+([1-4]\.[05]))?(?: international| unported)?$`)

// RightsURI returns the URI of a licence or rights statement, as the property rights
// wants it (section 3.4: Creative Commons and RightsStatements.org, with http), for
// such a URI in any spelling or for a name. It returns "" when s is neither; a
// licence without a version is taken as 4.0, the current one.
func RightsURI(s string) string {
	s = strings.TrimSpace(s)
	if u, err := url.Parse(s); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return rightsOfURL(u)
	}
	name := strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(s, "–", "-")), " "))
	switch name {
	case "cc0", "cc-0", "cc 0", "cc0 1.0", "cc0-1.0", "cc zero", "creative commons zero":
		return "http://creativecommons.org/publicdomain/zero/1.0/"
	case "pdm", "public domain", "public domain mark", "pdm 1.0", "public domain mark 1.0", "pd":
		return "http://creativecommons.org/publicdomain/mark/1.0/"
	}
	if m := commons.FindStringSubmatch(name); m != nil {
		kind, version := strings.ReplaceAll(m[1], " ", "-"), m[2]
		if version == "" {
			version = "4.0"
		}
		if licence(kind) {
			return "http://creativecommons.org/licenses/" + kind + "/" + version + "/"
		}
	}
	if code, ok := statements[name]; ok {
		return statementURI(code)
	}
	for _, code := range statements {
		if strings.EqualFold(code, s) {
			return statementURI(code)
		}
	}
	return ""
}

func statementURI(code string) string { return "http://rightsstatements.org/vocab/" + code + "/1.0/" }

// licence reports whether Creative Commons has a licence of that kind.
func licence(kind string) bool {
	switch kind {
	case "by", "by-sa", "by-nd", "by-nc", "by-nc-sa", "by-nc-nd":
		return true
	}
	return false
}

var (
	licencePath   = regexp.MustCompile(`^/licenses/([a-z-]+)/([1-4]\.[05])(/[a-z]{2,3}(?:/igo)?)?(?:/|/deed(?:\.[A-Za-z_-]+)?|/legalcode(?:\.[A-Za-z_-]+)?)?$`)
	domainPath    = regexp.MustCompile(`^/publicdomain/(zero|mark)/1\.0(?:/|/deed(?:\.[A-Za-z_-]+)?|/legalcode)?$`)
	statementPath = regexp.MustCompile(`^/(?:vocab|page)/([A-Za-z-]+)/1\.0/?$`)
)

// rightsOfURL brings the many spellings (https, www, /deed.de) to the one that the
// specification names.
func rightsOfURL(u *url.URL) string {
	switch strings.TrimPrefix(strings.ToLower(u.Host), "www.") {
	case "creativecommons.org":
		if m := licencePath.FindStringSubmatch(u.Path); m != nil && licence(m[1]) {
			return "http://creativecommons.org/licenses/" + m[1] + "/" + m[2] + m[3] + "/"
		}
		if m := domainPath.FindStringSubmatch(u.Path); m != nil {
			return "http://creativecommons.org/publicdomain/" + m[1] + "/1.0/"
		}
	case "rightsstatements.org":
		if m := statementPath.FindStringSubmatch(u.Path); m != nil {
			for _, code := range statements {
				if strings.EqualFold(code, m[1]) {
					return statementURI(code)
				}
			}
		}
	}
	return ""
}

// rights maps what the record has. What cannot be mapped is a statement that must not
// be lost: it becomes metadata, and a warning says so.
func (w *work) rights(s string) string {
	if strings.TrimSpace(s) == "" {
		return ""
	}
	uri := RightsURI(s)
	if uri == "" {
		w.warn("rights %q is no licence of Creative Commons and no statement of RightsStatements.org; it is shown as metadata", s)
		w.out.Manifest.Metadata = append(w.out.Manifest.Metadata, w.pairs(rightsPair(w.cfg.Language, s))...)
	}
	return uri
}
