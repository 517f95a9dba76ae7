package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func s3Config(server *s3test.Server) S3Config {
	return S3Config{
		Bucket: server.Bucket, Prefix: "scans", Endpoint: server.Endpoint, PathStyle: true,
		AccessKey: server.Access, Secret: server.Secret,
	}
}

func newTestS3(t *testing.T, cfg S3Config) *S3 {
	t.Helper()
	s, err := NewS3(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestS3Conforms(t *testing.T) {
	for name, wrap := range map[string]func(Source) Source{
		"bare":     func(s Source) Source { return s },
		"buffered": func(s Source) Source { return Buffered(s, BufferConfig{}) },
	} {
		t.Run(name, func(t *testing.T) {
			conform(t, func(t *testing.T) *store {
				server := s3test.Start(t)
				server.Put(t, "scans/denied.jpg", []byte("x"))
				server.Put(t, "elsewhere.jpg", []byte("x"))
				anonymous := s3Config(server)
				anonymous.AccessKey, anonymous.Secret, anonymous.Anonymous = "", "", true
				return &store{
					src:       wrap(newTestS3(t, s3Config(server))),
					put:       func(key string, data []byte) { server.Put(t, "scans/"+key, data) },
					del:       func(key string) { server.Delete(t, "scans/"+key) },
					denied:    newTestS3(t, anonymous),
					deniedKey: "denied.jpg",
					outage:    server.Stop,
				}
			})
		})
	}
}

func TestS3Misconfigured(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	server.Put(t, "scans/a.jpg", []byte("x"))
	for name, change := range map[string]func(*S3Config){
		"no such bucket":  func(c *S3Config) { c.Bucket = "no-such-bucket" },
		"wrong secret":    func(c *S3Config) { c.Secret = "wrong" },
		"unknown key":     func(c *S3Config) { c.AccessKey = "unknown" },
		"no such server":  func(c *S3Config) { c.Endpoint = "http://127.0.0.1:1" },
		"unknown name":    func(c *S3Config) { c.Endpoint = "http://no-such-host.invalid" },
		"not an S3 store": func(c *S3Config) { c.Endpoint = webServer(t) },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := s3Config(server)
			change(&cfg)
			s := newTestS3(t, cfg)
			for _, key := range []string{"a.jpg", "absent.jpg"} {
				start := time.Now()
				if _, err := s.Open(t.Context(), key); !fault.Is(err, fault.Unavailable) {
					t.Errorf("Open(%q) gives %v", key, err)
				}
				within3s(t, "Open", start)
			}
			if err := s.Check(t.Context()); !fault.Is(err, fault.Unavailable) {
				t.Errorf("Check gives %v", err)
			}
			if _, err := s.List(t.Context(), Query{}); !fault.Is(err, fault.Unavailable) {
				t.Errorf("List gives %v", err)
			}
		})
	}
}

// webServer is no S3 store: it answers 404 with a page to everything.
func webServer(t *testing.T) string {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL
}

func TestS3ComesBack(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	server.Put(t, "scans/a.jpg", []byte("abc"))
	s := newTestS3(t, s3Config(server))
	o := open(t, s, "a.jpg")
	server.Stop()
	if _, err := s.Open(t.Context(), "a.jpg"); !fault.Is(err, fault.Unavailable) {
		t.Errorf("stopped: %v", err)
	}
	server.Restart(t)
	p := make([]byte, 3)
	if _, err := o.ReadAt(t.Context(), p, 0); err != nil || string(p) != "abc" {
		t.Errorf("restarted: %q, %v", p, err)
	}
	open(t, s, "a.jpg")
}

// TestS3WithoutETag reads a file that was put into the gateway's folder beside
// it: such objects have no ETag.
func TestS3WithoutETag(t *testing.T) {
	server := s3test.Start(t)
	path := filepath.Join(server.Dir, server.Bucket, "scans", "plain.jpg")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := errors.Join(os.WriteFile(path, []byte("abc"), 0o644), os.Chtimes(path, old, old)); err != nil {
		t.Fatal(err)
	}
	s := newTestS3(t, s3Config(server))
	o := open(t, s, "plain.jpg")
	checkRevision(t, o.Revision())
	p := make([]byte, 3)
	if _, err := o.ReadAt(t.Context(), p, 0); err != nil || string(p) != "abc" {
		t.Errorf("%q, %v", p, err)
	}
	if err := os.WriteFile(path, []byte("xyz"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := o.ReadAt(t.Context(), p, 0); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed: %v", err)
	}
	if open(t, s, "plain.jpg").Revision() == o.Revision() {
		t.Error("the revision is still the same")
	}
}

func TestS3SearchIsBounded(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// An endless bucket in which nothing matches.
		fmt.Fprint(w, `<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>`)
		for i := range 1000 {
			fmt.Fprintf(w, `<Contents><Key>%05d.jpg</Key><Size>1</Size></Contents>`, requests*1000+i)
		}
		fmt.Fprint(w, `</ListBucketResult>`)
		requests++
	}))
	defer server.Close()
	s := newTestS3(t, S3Config{Bucket: "bucket", Endpoint: server.URL, PathStyle: true, Anonymous: true})
	page, err := s.List(t.Context(), Query{Contains: "nothing"})
	if err != nil || len(page.Entries) != 0 || page.Next != "09999.jpg" || requests != 10 {
		t.Errorf("%d requests, next %q, %v", requests, page.Next, err)
	}
}

// TestS3Refused: keys that have the extension of an image and that no identifier can
// name are told.
func TestS3Refused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<ListBucketResult><Contents><Key>a//b.jpg</Key></Contents><Contents><Key>c.jpg</Key></Contents>`+
			`<Contents><Key>d\e.jpg</Key></Contents><Contents><Key>d\e.txt</Key></Contents></ListBucketResult>`)
	}))
	defer server.Close()
	s := newTestS3(t, S3Config{Bucket: "bucket", Endpoint: server.URL, PathStyle: true, Anonymous: true})
	page, err := s.List(t.Context(), Query{})
	if err != nil || len(page.Entries) != 1 || len(page.Refused) != 2 || page.Refused[0].Name != "a//b.jpg" || page.Refused[1].Name != `d\e.jpg` {
		t.Errorf("%+v, %v", page, err)
	}
}

// TestS3IgnoresIfMatch is a store that does not know conditions on a GET.
func TestS3IgnoresIfMatch(t *testing.T) {
	etag := `"one"`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("If-Match")
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Unix(1e9, 0), bytes.NewReader(pattern(5000, 1)))
	}))
	defer server.Close()
	s := newTestS3(t, S3Config{Bucket: "bucket", Endpoint: server.URL, PathStyle: true, Anonymous: true})
	o := open(t, s, "a.jpg")
	if _, err := o.ReadAt(t.Context(), make([]byte, 10), 100); err != nil {
		t.Error(err)
	}
	etag = `"two"`
	if _, err := o.ReadAt(t.Context(), make([]byte, 10), 100); !fault.Is(err, fault.Conflict) {
		t.Errorf("changed: %v", err)
	}
}

// TestS3HeadProvesNothing checks that the 404 to a HEAD, which has no code, is
// looked into: a bucket that is away is not an object that is absent.
func TestS3HeadProvesNothing(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]fault.Kind{
		"404 NoSuchKey": fault.NotFound, "404 NoSuchBucket": fault.Unavailable, "404 Whatever": fault.Unavailable,
		"403 AccessDenied": fault.Forbidden, "403 InvalidAccessKeyId": fault.Unavailable, "403 RequestTimeTooSkewed": fault.Unavailable,
		"503 SlowDown": fault.Unavailable, "500 InternalError": fault.Unavailable, "301 PermanentRedirect": fault.Unavailable,
		"400 ExpiredToken": fault.Unavailable, "403 InvalidObjectState": fault.Unsupported,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, name := 0, ""
			fmt.Sscan(code, &status, &name)
			w.WriteHeader(status)
			if r.Method != http.MethodHead {
				fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message></Error>", name)
			}
		}))
		s := newTestS3(t, S3Config{Bucket: "bucket", Endpoint: server.URL, PathStyle: true, Anonymous: true})
		if _, err := s.Open(t.Context(), "a.jpg"); !fault.Is(err, want) {
			t.Errorf("%s gives %v, want %v", code, err, want)
		}
		server.Close()
	}
}

func TestS3FaultKinds(t *testing.T) {
	for code, want := range map[string]fault.Kind{
		"NoSuchKey": fault.NotFound, "NoSuchBucket": fault.Unavailable, "AccessDenied": fault.Forbidden,
		"PreconditionFailed": fault.Conflict, "InvalidRange": fault.Conflict, "SlowDown": fault.Unavailable,
		"NotFound": fault.Unavailable, // only with the status 404
	} {
		if err := s3Fault("test", &smithy.GenericAPIError{Code: code}); !fault.Is(err, want) {
			t.Errorf("%s gives %v", code, err)
		}
	}
	if err := s3Fault("test", io.ErrUnexpectedEOF); !fault.Is(err, fault.Unavailable) {
		t.Errorf("gives %v", err)
	}
}

func TestNewS3Refuses(t *testing.T) {
	for name, cfg := range map[string]S3Config{
		"no bucket":     {},
		"bad bucket":    {Bucket: "a/b"},
		"half a key":    {Bucket: "bucket", AccessKey: "k"},
		"half a secret": {Bucket: "bucket", Secret: "s"},
		"both":          {Bucket: "bucket", AccessKey: "k", Secret: "s", Anonymous: true},
		"bad endpoint":  {Bucket: "bucket", Endpoint: "minio:9000"},
		"bad prefix":    {Bucket: "bucket", Prefix: "a/../b"},
	} {
		if _, err := NewS3(t.Context(), cfg); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestS3KeyTooLong(t *testing.T) {
	s := newTestS3(t, S3Config{Bucket: "bucket", Endpoint: "http://127.0.0.1:1", Anonymous: true})
	if _, err := s.Open(t.Context(), strings.Repeat("x", 1025)); !fault.Is(err, fault.NotFound) {
		t.Errorf("gives %v", err)
	}
}

// TestS3TestServer checks the launcher itself against the SDK.
func TestS3TestServer(t *testing.T) {
	server := s3test.Start(t)
	server.Put(t, "a b/ü.jpg", []byte("x"))
	head, err := server.Client().HeadObject(context.Background(), &s3.HeadObjectInput{Bucket: &server.Bucket, Key: aws.String("a b/ü.jpg")})
	if err != nil || aws.ToInt64(head.ContentLength) != 1 || !strongETag(aws.ToString(head.ETag)) {
		t.Errorf("%v, %v", head, err)
	}
	server.Stop()
	if resp, err := http.Get(server.Endpoint); err == nil {
		resp.Body.Close()
		t.Error("it answers after Stop")
	}
}
