package main

import (
	"os"
	"slices"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/conformance"
)

// missing skips a test that lacks something; in CI it fails instead.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("missing in CI: %s", what)
	}
	t.Skipf("skipped, missing: %s", what)
}

// TestValidator: the official validator passes at level 2 for both versions, and at
// level 3 but for the tests that are broken in the validator itself.
func TestValidator(t *testing.T) {
	dir := conformance.ValidatorImages(t, "")
	base := start(t, "--source", dir, "--cache", t.TempDir())
	// size_noup wants 400 for !w,h above the region, where the specification says
	// "not larger than the extracted region"; --strict-size is for those who want it.
	strict := start(t, "--source", dir, "--strict-size")

	for _, c := range []struct {
		version        string
		level2, level3 int // tests that pass
	}{{"2.0", 30, 40}, {"3.0", 33, 41}} {
		t.Run(c.version, func(t *testing.T) {
			passed, failed := conformance.Validate(t, strict, c.version, "2")
			if len(passed) != c.level2 || len(failed) != 0 {
				t.Errorf("level 2: %d of %d passed, failed: %v", len(passed), c.level2, failed)
			}
			// Broken in validator 1.0.5 itself: webp compares bytes with text. JPEG 2000
			// is not written, and not declared.
			broken := []string{"format_webp", "format_jp2"}
			passed, failed = conformance.Validate(t, base, c.version, "3")
			t.Logf("level 3: %d passed, failed: %v", len(passed), failed)
			if c.version == "3.0" {
				// size_up wants ^max to be 1000 × 1000 and ^2000,3000 to be larger at one
				// time; ^max is the largest size that the limits allow (3.0 §4.2).
				broken = append(broken, "size_noup", "size_up")
			}
			for _, name := range failed {
				if !slices.Contains(broken, name) {
					t.Errorf("level 3: %s failed", name)
				}
			}
			if len(passed) != c.level3 {
				t.Errorf("level 3: %d passed, want %d", len(passed), c.level3)
			}
		})
	}
}
