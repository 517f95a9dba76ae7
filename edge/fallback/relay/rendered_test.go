package relay

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// jpeg is a good answer.
var jpeg = step{status: 200, body: "tile", header: http.Header{
	"Content-Type": {"image/jpeg"}, "Etag": {`"a"`}, "Last-Modified": {"Sat, 21 Nov 2026 09:00:00 GMT"}, "Cache-Control": {"public, max-age=86400"},
	"Content-Disposition": {`inline; filename="b.jpg"`}, "Link": {"<of the other version>"},
}}

// TestKeepAndServe: a result is kept, and served from then on: as current while the
// revision is the same, as stale when the origin fails, and not at all otherwise.
func TestKeepAndServe(t *testing.T) {
	down := step{err: errors.New("down")}
	within(t, Config{Keep: Keep{On: true}, Style: "s1"}, []step{jpeg, down}, func(t *testing.T, s *setting) {
		want(t, "first", s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r1").Code, 200)
		o := s.bucket.objects[imageKey]
		want(t, "kept", string(o.Body), "tile")
		want(t, "type", o.ContentType, "image/jpeg")
		want(t, "revision", o.Meta[metaRevision], "r1")

		time.Sleep(time.Hour)
		w := s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r1")
		want(t, "requests", len(s.origin.requests), 1)
		for name, value := range map[string]string{
			SourceHeader: "rendered", "Cache-Control": "public, max-age=86400", "Etag": `"a"`, "Warning": "", "Content-Length": "4", "Content-Type": "image/jpeg",
			"Last-Modified": "Sat, 21 Nov 2026 09:00:00 GMT", "Content-Disposition": `inline; filename="b.jpg"`, "Access-Control-Allow-Origin": "*",
			"Link": "<" + imageURL + `>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"`,
		} {
			want(t, "current: "+name, w.Header().Get(name), value)
		}

		for name, header := range map[string][]string{
			"another revision": {KeyHeader, imageKey, RevisionHeader, "r2"},
			"no revision":      {KeyHeader, imageKey},
		} {
			w = s.get("GET", strings.Replace(imageURL, "/3/", "/2/", 1), header...)
			want(t, name+": status", w.Code, 200)
			want(t, name+": body", w.Body.String(), "tile")
			for field, value := range map[string]string{
				SourceHeader: "stale", "Cache-Control": "public, max-age=60", "Age": "", "Warning": `110 - "Response is Stale", 111 - "Revalidation Failed"`,
				"X-Vitrine-Rendered": o.Stored.UTC().Format(http.TimeFormat), "Retry-After": "",
				"Link": "<" + strings.Replace(imageURL, "/3/", "/2/", 1) + `>;rel="canonical", <http://iiif.io/api/image/2/level2.json>;rel="profile"`,
			} {
				want(t, name+": "+field, w.Header().Get(field), value)
			}
		}
		w = s.get("HEAD", imageURL, KeyHeader, imageKey)
		want(t, "HEAD: status", w.Code, 200)
		want(t, "HEAD: length", w.Header().Get("Content-Length"), "4")
		want(t, "HEAD: body", w.Body.Len(), 0)

		unavailable(t, s.get("GET", imageURL)) // no key, so nothing may stand in
		unavailable(t, s.get("GET", imageURL, KeyHeader, "rendered/other/x"))
	})
}

// TestStyle: a result of other settings of the origin is not current.
func TestStyle(t *testing.T) {
	within(t, Config{Keep: Keep{On: true}, Style: "s2"}, []step{jpeg}, func(t *testing.T, s *setting) {
		s.bucket.objects[imageKey] = Object{Body: []byte("old"), Meta: map[string]string{metaRevision: "r1", metaStyle: "s1"}}
		want(t, "body", s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r1").Body.String(), "tile")
	})
}

// TestStaleByFailure: every failure of the origin is bridged.
func TestStaleByFailure(t *testing.T) {
	for name, st := range map[string]step{
		"down": {err: errors.New("refused")}, "500": {status: 500}, "502": {status: 502}, "503": {status: 503}, "slow": {status: 200, delay: time.Hour},
		"cut off": {status: 200, body: "ti", length: 4},
	} {
		// Also with the policy off: what is there was put there on purpose.
		within(t, Config{}, []step{st}, func(t *testing.T, s *setting) {
			s.bucket.objects[imageKey] = Object{Body: []byte("old"), ContentType: "image/jpeg"}
			w := s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r")
			want(t, name+": status", w.Code, 200)
			want(t, name+": body", w.Body.String(), "old")
			want(t, name+": source", w.Header().Get(SourceHeader), "stale")
		})
	}
	within(t, Config{}, []step{{status: 404, body: "gone"}}, func(t *testing.T, s *setting) {
		s.bucket.objects[imageKey] = Object{Body: []byte("old")}
		want(t, "404 is no failure", s.get("GET", imageURL, KeyHeader, imageKey).Code, 404)
	})
}

// TestStaleByCache: what the bucket has not, the cache may have.
func TestStaleByCache(t *testing.T) {
	const older = "https://iiif.example.org/rendered/a%2Fb/0,0,10,10/10,10/0/default.jpg@r1~s"
	within(t, Config{}, []step{{status: 502}}, func(t *testing.T, s *setting) {
		unavailable(t, s.get("GET", imageURL, KeyHeader, imageKey, OlderHeader, older))
		s.cache.objects[older] = Remembered(jpeg.header, []byte("cached"))
		w := s.get("GET", imageURL, KeyHeader, imageKey, OlderHeader, older)
		want(t, "status", w.Code, 200)
		want(t, "body", w.Body.String(), "cached")
		for name, value := range map[string]string{
			SourceHeader: "stale", "Cache-Control": "public, max-age=60", "Etag": `"a"`, "Content-Type": "image/jpeg",
			"Content-Disposition": `inline; filename="b.jpg"`, "Link": "<" + imageURL + `>;rel="canonical", <http://iiif.io/api/image/3/level2.json>;rel="profile"`,
		} {
			want(t, name, w.Header().Get(name), value)
		}
		s.bucket.objects[imageKey] = Object{Body: []byte("kept"), ContentType: "image/jpeg"}
		want(t, "both have it", s.get("GET", imageURL, KeyHeader, imageKey, OlderHeader, older).Body.String(), "kept")
	})
}

// TestNoOrigin: without an origin the bucket is all there is.
func TestNoOrigin(t *testing.T) {
	within(t, Config{}, []step{jpeg}, func(t *testing.T, s *setting) {
		s.config.Origin = nil
		s.bucket.objects[imageKey] = Object{Body: []byte("old"), ContentType: "image/jpeg"}
		want(t, "kept", s.get("GET", imageURL, KeyHeader, imageKey).Body.String(), "old")
		unavailable(t, s.get("GET", imageURL))
		want(t, "requests", len(s.origin.requests), 0)
	})
}

// TestBucketFails: a bucket that fails or hangs costs a bounded time and no answer
// that there would have been without it.
func TestBucketFails(t *testing.T) {
	for name, broken := range map[string]shelf{"fails": {err: errors.New("10001")}, "hangs": {delay: time.Hour}} {
		within(t, Config{Keep: Keep{On: true}}, []step{jpeg, {err: errors.New("down")}}, func(t *testing.T, s *setting) {
			s.bucket.err, s.bucket.delay = broken.err, broken.delay
			w := s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r")
			want(t, name+": status", w.Code, 200)
			want(t, name+": body", w.Body.String(), "tile")
			start := time.Now()
			unavailable(t, s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r"))
			if took := time.Since(start); took > 2*lookTime+time.Second {
				t.Errorf("%s: took %v", name, took)
			}
			if len(s.errs) == 0 {
				t.Errorf("%s: nothing is logged", name)
			}
		})
	}
}

// TestKeepPolicy: what is kept, and what is not.
func TestKeepPolicy(t *testing.T) {
	with := func(change func(*step)) step {
		st := jpeg
		st.header = jpeg.header.Clone()
		change(&st)
		return st
	}
	for name, test := range map[string]struct {
		keep   Keep
		method string
		key    string
		step   step
		there  int // results of the image in the bucket
		want   bool
	}{
		"all well":  {Keep{On: true}, "GET", imageKey, jpeg, 0, true},
		"off":       {Keep{}, "GET", imageKey, jpeg, 0, false},
		"no key":    {Keep{On: true}, "GET", "", jpeg, 0, false},
		"HEAD":      {Keep{On: true}, "HEAD", imageKey, jpeg, 0, false},
		"404":       {Keep{On: true}, "GET", imageKey, with(func(s *step) { s.status = 404 }), 0, false},
		"304":       {Keep{On: true}, "GET", imageKey, with(func(s *step) { s.status, s.body = 304, "" }), 0, false},
		"no-store":  {Keep{On: true}, "GET", imageKey, with(func(s *step) { s.header.Set("Cache-Control", "No-Store") }), 0, false},
		"private":   {Keep{On: true}, "GET", imageKey, with(func(s *step) { s.header.Set("Cache-Control", "max-age=5, private") }), 0, false},
		"as large":  {Keep{On: true, MaxBytes: 4}, "GET", imageKey, jpeg, 0, true},
		"too large": {Keep{On: true, MaxBytes: 3}, "GET", imageKey, jpeg, 0, false},
		"room":      {Keep{On: true, MaxPerImage: 3}, "GET", imageKey, jpeg, 2, true},
		"full":      {Keep{On: true, MaxPerImage: 3}, "GET", imageKey, jpeg, 3, false},
		"prefixed":  {Keep{On: true, MaxPerImage: 3}, "GET", "store/" + imageKey, jpeg, 3, true}, // those are of another store
		"misnamed":  {Keep{On: true, MaxPerImage: 3}, "GET", "rendered/" + imageKey, jpeg, 3, true},
	} {
		within(t, Config{Keep: test.keep}, []step{test.step}, func(t *testing.T, s *setting) {
			for i := range test.there {
				s.bucket.objects[fmt.Sprintf("rendered/a%%2Fb/%d", i)] = Object{}
			}
			s.bucket.objects["rendered/a%2Fbc/another"] = Object{}
			s.get(test.method, imageURL, KeyHeader, test.key, RevisionHeader, "r")
			_, kept := s.bucket.objects[test.key]
			want(t, name+": kept", kept, test.want)
		})
	}
}

// TestKeepReplaces: an image whose number is full still gets new ones for old.
func TestKeepReplaces(t *testing.T) {
	within(t, Config{Keep: Keep{On: true, MaxPerImage: 2}}, []step{jpeg}, func(t *testing.T, s *setting) {
		s.bucket.objects[imageKey] = Object{Body: []byte("old"), Meta: map[string]string{metaRevision: "r1"}}
		s.bucket.objects["rendered/a%2Fb/0,0,9,9/10,10/0/default.jpg"] = Object{}
		want(t, "answer", s.get("GET", imageURL, KeyHeader, imageKey, RevisionHeader, "r2").Body.String(), "tile")
		want(t, "kept", string(s.bucket.objects[imageKey].Body), "tile")
		want(t, "revision", s.bucket.objects[imageKey].Meta[metaRevision], "r2")
		want(t, "objects", len(s.bucket.objects), 2)
	})
}
