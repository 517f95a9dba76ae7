package source

import (
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestParseSpec(t *testing.T) {
	for spec, want := range map[string]Spec{
		"images":                     {kind: kindDir, dir: "images"},
		"/srv/my images":             {kind: kindDir, dir: "/srv/my images"},
		`C:\images`:                  {kind: kindDir, dir: `C:\images`},
		"s3://bucket":                {kind: kindS3, bucket: "bucket"},
		"s3://bucket/":               {kind: kindS3, bucket: "bucket"},
		"S3://bucket/a/b/":           {kind: kindS3, bucket: "bucket", prefix: "a/b"},
		"s3://my.bucket-1/ü x":       {kind: kindS3, bucket: "my.bucket-1", prefix: "ü x"},
		"https://example.org":        {kind: kindHTTP, base: "https://example.org/"},
		"HTTPS://Example.org/a%20b":  {kind: kindHTTP, base: "https://example.org/a%20b/"},
		"http://example.org:8080/x/": {kind: kindHTTP, base: "http://example.org:8080/x/"},
		"http://[2606:4700::1]/":     {kind: kindHTTP, base: "http://[2606:4700::1]/"},
	} {
		got, err := ParseSpec(spec)
		if err != nil || got != want {
			t.Errorf("ParseSpec(%q) = %+v, %v, want %+v", spec, got, err, want)
		}
		if got.Remote() != (want.kind != kindDir) {
			t.Errorf("%q: remote %v", spec, got.Remote())
		}
	}
	for _, spec := range []string{
		"", "s3://", "s3:///prefix", "s3://b/x", "s3://bucket/../x", "s3://bucket/a//b", "s3://bu cket/", "s3://user@bucket/",
		"ftp://example.org", "file:///srv", "://", "https://", "https://u:p@example.org/", "https://example.org/?q", "https://example.org/#f",
		"https://exa mple.org/", "https://example.org/../x", "https://example.org/a%2F..%2Fb", "a\x00b", "https://example.org/%zz",
	} {
		if got, err := ParseSpec(spec); !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseSpec(%q) = %+v, %v", spec, got, err)
		}
	}
}

func TestNew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.jpg"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	for spec, lists := range map[string]bool{dir: true, "s3://bucket/x": true, "https://example.org/x": false} {
		src, err := New(t.Context(), Config{Spec: spec})
		if err != nil {
			t.Errorf("%q: %v", spec, err)
			continue
		}
		if _, ok := src.(Lister); ok != lists {
			t.Errorf("%q: lists %v", spec, ok)
		}
		if spec == dir {
			open(t, src, "a.jpg").Close()
		}
		if err := src.Close(); err != nil {
			t.Errorf("%q: %v", spec, err)
		}
	}
	for _, cfg := range []Config{
		{}, {Spec: filepath.Join(dir, "absent")}, {Spec: "http://127.0.0.1/"}, {Spec: "s3://bucket", S3: S3Config{AccessKey: "k"}},
	} {
		if _, err := New(t.Context(), cfg); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{"images", "s3://bucket/a/b", "https://example.org:8080/a%20b", "http://u@h/", "https://[::1]/", "s3://b..b/../x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		spec, err := ParseSpec(s)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", s, err)
			}
			return
		}
		again, err := ParseSpec(spec.String())
		if err != nil || again != spec {
			t.Errorf("%q → %q → %+v, %v, want %+v", s, spec.String(), again, err, spec)
		}
		switch spec.kind {
		case kindS3:
			if spec.prefix != "" && !fs.ValidPath(spec.prefix) || strings.Contains(spec.bucket, "/") {
				t.Errorf("%q: %+v", s, spec)
			}
		case kindHTTP:
			u, err := url.Parse(spec.base)
			if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Host == "" || !strings.HasSuffix(u.Path, "/") {
				t.Errorf("%q: %q, %v", s, spec.base, err)
			}
		}
	})
}

func TestParseContentRange(t *testing.T) {
	for s, want := range map[string]contentRange{
		"bytes 0-9/100":  {0, 9, 100},
		"bytes 90-99/*":  {90, 99, -1},
		"Bytes 5-5/6":    {5, 5, 6},
		"bytes */100":    {-1, -1, 100},
		"bytes 0-0/1":    {0, 0, 1},
		"bytes 007-9/10": {7, 9, 10},
		"bytes 0-9223372036854775806/9223372036854775807": {0, 1<<63 - 2, 1<<63 - 1},
	} {
		if got, ok := parseContentRange(s); !ok || got != want {
			t.Errorf("%q: %+v, %v", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "bytes", "bytes ", "bytes 0-9", "bytes 0-9/", "bytes 9-0/100", "bytes 0-100/100", "bytes -9/100", "bytes 0-/100", "bytes */*",
		"items 0-9/100", "bytes 0-9/100 ", "bytes  0-9/100", "bytes +0-9/100", "bytes 0-9/-1", "bytes=0-9/100", "bytes 0-9/9223372036854775808",
		"bytes 0x1-9/100", "bytes 0-9/1e3", "bytes 0-4,5-9/100",
	} {
		if got, ok := parseContentRange(s); ok {
			t.Errorf("%q: %+v", s, got)
		}
	}
}

func FuzzContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-9/100", "bytes */100", "bytes 5-5/*", "bytes 9-0/1", "x"} {
		f.Add(s, int64(0), int64(10), int64(100))
	}
	f.Fuzz(func(t *testing.T, s string, off, n, size int64) {
		r, ok := parseContentRange(s)
		if !ok {
			return
		}
		if r.first >= 0 && (r.last < r.first || r.size >= 0 && r.last >= r.size) || r.first < 0 && (r.first != -1 || r.last != -1 || r.size < 0) {
			t.Errorf("%q: %+v", s, r)
		}
		if off < 0 || n <= 0 || size < 0 || n > size || off > size-n {
			return
		}
		if fits, changed := r.answers(off, n, size); fits && (changed || r.first != off || r.last-r.first >= n) {
			t.Errorf("%q answers %d+%d of %d", s, off, n, size)
		}
	})
}
