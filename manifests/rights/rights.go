// Package rights names licences and rights statements for people. What URI a name
// stands for is the business of package presentation.
package rights

import (
	"net/url"
	"strings"
)

// Name returns what people call the licence or statement with that URI, and the URI
// again when it may be a link; text that is no web address is its own name and no
// link. A URI that is not known is its own name.
func Name(uri string) (name, link string) {
	u, err := url.Parse(uri)
	if uri == "" || err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return uri, ""
	}
	segs := strings.Split(strings.Trim(u.Path, "/"), "/")
	switch host := strings.TrimPrefix(u.Host, "www."); {
	case host == "creativecommons.org" && len(segs) >= 3 && segs[0] == "licenses":
		return "CC " + strings.ToUpper(segs[1]) + " " + segs[2], uri
	case host == "creativecommons.org" && len(segs) >= 3 && segs[1] == "zero":
		return "CC0 " + segs[2], uri
	case host == "creativecommons.org" && len(segs) >= 3 && segs[1] == "mark":
		return "Public Domain Mark " + segs[2], uri
	case host == "rightsstatements.org" && len(segs) >= 2 && segs[0] == "vocab":
		if name := statements[segs[1]]; name != "" {
			return name, uri
		}
	}
	return uri, uri
}

// statements are those of RightsStatements.org by their codes.
var statements = map[string]string{
	"InC":       "In copyright",
	"InC-OW-EU": "In copyright, EU orphan work",
	"InC-EDU":   "In copyright, educational use permitted",
	"InC-NC":    "In copyright, non-commercial use permitted",
	"InC-RUU":   "In copyright, rights-holder unlocatable",
	"NoC-CR":    "No copyright, contractual restrictions",
	"NoC-NC":    "No copyright, non-commercial use only",
	"NoC-OKLR":  "No copyright, other legal restrictions",
	"NoC-US":    "No copyright, United States",
	"CNE":       "Copyright not evaluated",
	"UND":       "Copyright undetermined",
	"NKC":       "No known copyright",
}
