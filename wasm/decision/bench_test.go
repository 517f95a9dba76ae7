package decision

import (
	"bytes"
	"testing"
)

// BenchmarkDecide is what a warm request takes, with the crossing of the boundary.
func BenchmarkDecide(b *testing.B) {
	data := small(b, "r1")
	for _, c := range []struct{ name, target, tag string }{
		{"tile", tileTarget, ""},
		{"info", "/iiif/3/a/info.json", ""},
		{"fresh", tileTarget, `"0123456789abcdef0123456789abcdef", *`},
		{"invalid", "/iiif/3/a/full/512,512/0/default.jpx", ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := newDecider(b, Config{})
			r := Request{Method: "GET", Target: tileTarget, Accept: "*/*", Now: 1}
			d.Decide(&r)
			r.Event, r.ETag, r.Size, r.Data = Head, "e", int64(len(data)), data
			if a := d.Decide(&r); a.Kind != Tile {
				b.Fatalf("%s", a.Kind)
			}
			lines := AppendRequest(nil, &Request{Method: "GET", Target: c.target, Accept: "*/*", IfNoneMatch: c.tag, Now: 2})
			var out []byte
			b.ReportAllocs()
			for b.Loop() {
				r, err := ParseRequest(bytes.Clone(lines), nil)
				if err != nil {
					b.Fatal(err)
				}
				a := d.Decide(&r)
				out = a.Append(out[:0])
			}
		})
	}
}
