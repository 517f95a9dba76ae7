package iiif_test

import (
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// resolve parses parameters under the version's prefix and resolves them.
func resolve(v iiif.Version, parameters string, in iiif.Info, lim iiif.Limits) (iiif.Canonical, error) {
	r, err := iiif.Parse("/iiif/" + v.String() + "/id/" + parameters)
	if err != nil {
		return iiif.Canonical{}, err
	}
	return r.Resolve(in, lim)
}

// kindOf is the kind of err, or "ok".
func kindOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.KindOf(err).String()
}

// checkPublic fails unless the public text of err is one printable line of a
// sensible length.
func checkPublic(t *testing.T, err error) {
	t.Helper()
	text := fault.Public(err)
	if text == "" || len(text) > 600 {
		t.Errorf("public text of %d bytes: %q", len(text), text)
	}
	for _, r := range text + err.Error() {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' || r == '\u202e' {
			t.Errorf("text holds %U: %q", r, text)
		}
	}
	if !strings.HasPrefix(err.Error(), "iiif.") {
		t.Errorf("error without operation: %v", err)
	}
}
