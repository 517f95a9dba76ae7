package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// median returns the middle of values (the mean of the two middle ones), 0 for
// none. values stay as they are.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// percentile returns the smallest value that at least p per cent of values do
// not exceed (nearest rank), 0 for none. p is above 0 and at most 100.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(p / 100 * float64(len(s))))
	return s[min(max(rank, 1), len(s))-1]
}

// millis is d in milliseconds.
func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// number writes v with about three digits, as much as a measurement is worth.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return thousands(int64(math.Round(v)))
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3f", v)
}

// thousands writes n with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// ratio writes a ÷ b, or a dash when one of them was not measured.
func ratio(a, b float64) string {
	if a <= 0 || b <= 0 {
		return "–"
	}
	if a/b < 0.001 {
		return "< 0.001 ×"
	}
	return number(a/b) + " ×"
}
