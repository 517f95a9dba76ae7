package iiif

import (
	"strconv"
	"strings"
)

// The media types of info.json (§5.1, 2.1 §5.1).
const (
	jsonType    = "application/json"
	jsonLDType  = "application/ld+json"
	jsonLDType3 = `application/ld+json;profile="http://iiif.io/api/image/3/context.json"`
)

// NegotiateInfo returns the Content-Type of an info.json, given the request's
// Accept header fields joined by commas ("" when there are none). The answer
// depends on it: send Vary: Accept.
//
// Version 3 is JSON-LD with the profile parameter, unless JSON is preferred: by a
// higher q, or by its name where JSON-LD is only matched by a wildcard, as in
// "application/json, text/plain, */*". Version 2 is the other way round: JSON,
// unless JSON-LD is asked for by name (2.1 §5.1). Nothing is
// refused: a header that accepts neither type gets the version's default.
func NegotiateInfo(accept string, v Version) (contentType string) {
	if accept == "*/*" { // what most clients send is no more than nothing
		accept = ""
	}
	ld, json := weigh(accept)
	if v == V2 {
		if ld.named && ld.q > 0 && ld.q >= json.q {
			return jsonLDType
		}
		return jsonType
	}
	if json.q > ld.q || json.q == ld.q && json.q > 0 && json.named && !ld.named {
		return jsonType
	}
	return jsonLDType3
}

// weight is how much a media type is wanted: the q of the most specific range
// that matches it (RFC 9110 §12.5.1).
type weight struct {
	q     float64 // 0 to 1, 0 when nothing matches
	named bool    // by its name, not by a wildcard
	rank  int     // of the range: 1 */*, 2 application/*, 3 the name
}

func (w *weight) take(rank int, q float64) {
	if rank > w.rank || rank == w.rank && q > w.q {
		*w = weight{q: q, named: rank == 3, rank: rank}
	}
}

// weigh reads an Accept header. Elements that are malformed count as absent.
func weigh(accept string) (ld, json weight) {
	for accept != "" {
		var element string
		element, accept = cutQuoted(accept, ',')
		name, params := cutQuoted(element, ';')
		name = strings.ToLower(strings.Trim(name, " \t"))
		q, ok := quality(params)
		if !ok {
			continue
		}
		switch name {
		case jsonLDType:
			ld.take(3, q)
		case jsonType:
			json.take(3, q)
		case "application/*":
			ld.take(2, q)
			json.take(2, q)
		case "*/*":
			ld.take(1, q)
			json.take(1, q)
		}
	}
	return ld, json
}

// quality returns the q of a media range's parameters, 1 when there is none.
func quality(params string) (q float64, ok bool) {
	for params != "" {
		var param string
		param, params = cutQuoted(params, ';')
		key, value, _ := strings.Cut(param, "=")
		if !strings.EqualFold(strings.Trim(key, " \t"), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.Trim(value, " \t"), 64)
		return q, err == nil && q >= 0 && q <= 1
	}
	return 1, true
}

// cutQuoted cuts s at the first sep that is outside of double quotes.
func cutQuoted(s string, sep byte) (before, after string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == '\\' && quoted:
			i++
		case s[i] == sep && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// PrefersProfile reports whether an Accept header names JSON-LD with the profile
// wanted, and JSON-LD with the profile other, or with none, at no higher a q. A profile
// parameter holds several, with spaces between them (RFC 6906).
func PrefersProfile(accept, wanted, other string) bool {
	var want, rival float64
	for accept != "" {
		var element string
		element, accept = cutQuoted(accept, ',')
		name, params := cutQuoted(element, ';')
		q, ok := quality(params)
		if name = strings.ToLower(strings.Trim(name, " \t")); !ok || name != jsonLDType && name != jsonType {
			continue
		}
		switch profiles := " " + profile(params) + " "; {
		case strings.Contains(profiles, " "+wanted+" "):
			want = max(want, q)
		case strings.Contains(profiles, " "+other+" "):
			rival = max(rival, q+equalLoses)
		case name == jsonLDType:
			rival = max(rival, q)
		}
	}
	return want > 0 && want >= rival
}

// equalLoses makes a profile that is wanted as much as the rival's lose; q has three
// digits (RFC 9110 §12.4.2).
const equalLoses = 0.0001

// profile returns the profile parameter of a media range, without its quotes.
func profile(params string) string {
	for params != "" {
		var param string
		param, params = cutQuoted(params, ';')
		key, value, _ := strings.Cut(param, "=")
		if strings.EqualFold(strings.Trim(key, " \t"), "profile") {
			return strings.Trim(strings.Trim(value, " \t"), `"`)
		}
	}
	return ""
}
