package source

import (
	"math"
	"strings"
)

// contentRange is a parsed Content-Range field (RFC 9110 §14.4).
type contentRange struct {
	first, last int64 // inclusive; -1, -1 for an unsatisfied range
	size        int64 // of the whole; -1 when unknown
}

// parseContentRange parses "bytes 0-9/100", "bytes 0-9/*" and "bytes */100".
// Other units and contradictory numbers are not ok.
func parseContentRange(s string) (r contentRange, ok bool) {
	unit, rest, found := strings.Cut(s, " ")
	if !found || !strings.EqualFold(unit, "bytes") {
		return r, false
	}
	span, size, found := strings.Cut(rest, "/")
	if !found {
		return r, false
	}
	r.size = -1
	if size != "*" {
		if r.size, ok = parseDigits(size); !ok {
			return r, false
		}
	}
	if span == "*" {
		r.first, r.last = -1, -1
		return r, r.size >= 0
	}
	first, last, found := strings.Cut(span, "-")
	if !found {
		return r, false
	}
	if r.first, ok = parseDigits(first); !ok {
		return r, false
	}
	if r.last, ok = parseDigits(last); !ok {
		return r, false
	}
	return r, r.first <= r.last && (r.size < 0 || r.last < r.size)
}

// parseDigits parses a number of digits only: no sign, no space, no overflow.
func parseDigits(s string) (n int64, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		d := s[i] - '0'
		if d > 9 || n > (math.MaxInt64-int64(d))/10 {
			return 0, false
		}
		n = n*10 + int64(d)
	}
	return n, true
}

// answers reports how a partial answer fits a request for n bytes at off of an
// object of the given size: fits is false for an answer from another place, and
// changed is true when the size is another now.
func (r contentRange) answers(off, n, size int64) (fits, changed bool) {
	if r.size >= 0 && r.size != size {
		return false, true
	}
	return r.first == off && r.last < off+n, false
}
