package iiif

import (
	"math"
	"strconv"
	"unicode/utf8"
)

const (
	// maxDim is the largest width or height of an image and of a result, so that
	// a product of two dimensions always fits an int64.
	maxDim = math.MaxInt32 - 1
	// huge is what larger integers in URLs count as: beyond every dimension.
	huge = math.MaxInt32
	// maxDigits bounds the text of a number. JavaScript prints a float64 with at
	// most 17 significant digits.
	maxDigits = 32
	// maxQuoted bounds the user text in an error, in bytes.
	maxQuoted = 64
)

// parseInt reads a non-negative integer: decimal digits and nothing else (§4).
// Values above every possible dimension become huge.
func parseInt(s string) (n int64, ok bool) {
	if s == "" || len(s) > maxDigits {
		return 0, false
	}
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		if n = n*10 + int64(d); n > huge {
			n = huge
		}
	}
	return n, true
}

// parseDecimal reads a non-negative decimal number (§4.7): digits, and if there
// is a point, digits on both sides of it. No sign, no exponent.
func parseDecimal(s string) (x float64, ok bool) {
	if s == "" || len(s) > maxDigits {
		return 0, false
	}
	point := -1
	for i := range len(s) {
		switch {
		case s[i] >= '0' && s[i] <= '9':
		case s[i] == '.' && point < 0 && i > 0 && i < len(s)-1:
			point = i
		default:
			return 0, false
		}
	}
	if point < 0 && len(s) <= 15 { // exact in a float64
		var n int64
		for i := range len(s) {
			n = n*10 + int64(s[i]-'0')
		}
		return float64(n), true
	}
	x, err := strconv.ParseFloat(s, 64)
	return x, err == nil
}

// scale returns a·b/c, rounded half up. a·b must fit an int64.
func scale(a, b, c int64) int64 { return (a*b + c/2) / c }

// percent returns p percent of n, rounded half up, at most huge.
func percent(n int64, p float64) int64 {
	x := math.Floor(p*float64(n)/100 + 0.5)
	if x >= huge {
		return huge
	}
	return int64(x)
}

// halve returns n/2^k rounded half up, at least 1.
func halve(n int64, k int) int64 {
	if k == 0 {
		return n
	}
	return max(1, (n+1<<(k-1))>>k)
}

// quote returns user text between double quotes on one line: everything that is
// not printable is escaped, and what is too long is cut.
func quote(s string) string {
	if len(s) <= maxQuoted {
		return strconv.Quote(s)
	}
	n := maxQuoted
	for n > maxQuoted-utf8.UTFMax && !utf8.RuneStart(s[n]) {
		n--
	}
	return strconv.Quote(s[:n]) + "…"
}
