package render

import (
	"bytes"
	"testing"
)

// TestProgressive asks engines with and without the setting that share a cache.
func TestProgressive(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 300, 200)})
	store := &countingStore{data: map[string][]byte{}}
	for _, progressive := range []bool{false, true} {
		e := newEngine(t, m, store, Config{Style: Style{Progressive: progressive}})
		for path, jpg := range map[string]bool{"a/full/150,/0/default.jpg": true, "a/full/150,/0/default.pdf": false} {
			r, err := ask(t.Context(), e, path)
			if err != nil {
				t.Fatal(err)
			}
			// The frame headers of T.81: SOF2 or SOF0, 17 bytes of three components.
			if got := bytes.Contains(r.Data, []byte("\xFF\xC2\x00\x11\x08")); got != (progressive && jpg) {
				t.Errorf("%s, setting %v: progressive %v", path, progressive, got)
			}
			if baseline := bytes.Contains(r.Data, []byte("\xFF\xC0\x00\x11\x08")); baseline == (progressive && jpg) {
				t.Errorf("%s, setting %v: baseline %v", path, progressive, baseline)
			}
		}
		e.Close() // waits until answers are stored
	}
}
