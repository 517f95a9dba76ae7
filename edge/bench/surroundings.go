package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// surroundings are what a Worker has around it: R2, the cache of a data centre, and
// an origin.
type surroundings struct {
	r2, cache, origin string // addresses
	pyramid           []byte
	etag              string

	caching atomic.Bool
	mu      sync.Mutex
	cached  map[string]cached

	rendered []byte
	asked    atomic.Int64 // requests to the origin
	read     atomic.Int64 // requests to R2
	servers  []*http.Server
}

// cached is an answer as the runtime stores it.
type cached struct {
	header http.Header
	body   []byte
}

// startSurroundings starts them. Every image has the same pyramid.
func startSurroundings(pyramid []byte) (*surroundings, error) {
	s := &surroundings{pyramid: pyramid, etag: "0123456789abcdef0123456789abcdef", cached: map[string]cached{}}
	s.rendered = pyramid[len(pyramid)-30_000:] // as many bytes as a rendered region
	for addr, h := range map[*string]http.HandlerFunc{&s.r2: s.serveR2, &s.cache: s.serveCache, &s.origin: s.serveOrigin} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		*addr = l.Addr().String()
		server := &http.Server{Handler: h}
		s.servers = append(s.servers, server)
		go server.Serve(l)
	}
	return s, nil
}

func (s *surroundings) close() {
	for _, server := range s.servers {
		server.Close()
	}
}

// keep says whether the cache keeps what is put into it from now on; what it had is
// forgotten.
func (s *surroundings) keep(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.cached)
	s.caching.Store(on)
}

// r2Tag is a condition of R2.
type r2Tag struct{ Type, Value string }

// r2Request is what workerd sends in the header CF-R2-Request for a read.
type r2Request struct {
	Method, Object string
	Range          struct{ Offset, Length string }
	OnlyIf         struct{ EtagMatches, EtagDoesNotMatch []r2Tag }
}

// serveR2 answers reads as R2 answers its binding: the metadata as JSON, whose
// length is in a header, and then the bytes.
func (s *surroundings) serveR2(w http.ResponseWriter, r *http.Request) {
	s.read.Add(1)
	var q r2Request
	fail := func(status, code int, text string) {
		w.Header().Set("CF-R2-Error", fmt.Sprintf(`{"message":%q,"version":1,"v4code":%d}`, text, code))
		w.WriteHeader(status)
	}
	if err := json.Unmarshal([]byte(r.Header.Get("CF-R2-Request")), &q); err != nil || q.Method != "get" {
		fail(http.StatusBadRequest, 10029, "only reads")
		return
	}
	if !strings.HasPrefix(q.Object, "pyramids/") {
		fail(http.StatusNotFound, 10007, "The specified key does not exist.")
		return
	}
	offset, _ := strconv.Atoi(q.Range.Offset)
	length, err := strconv.Atoi(q.Range.Length)
	if err != nil {
		length = len(s.pyramid)
	}
	if offset < 0 || offset >= len(s.pyramid) {
		fail(http.StatusRequestedRangeNotSatisfiable, 10039, "The requested range is not satisfiable")
		return
	}
	length = min(length, len(s.pyramid)-offset)
	meta := fmt.Appendf(nil, `{"name":%q,"version":"1","size":"%d","etag":%q,"uploaded":"%d","httpFields":{},"customFields":[],"range":{"offset":"%d","length":"%d"},"checksums":{}}`,
		q.Object, len(s.pyramid), s.etag, 1_790_000_000_000, offset, length)
	w.Header().Set("CF-R2-Metadata-Size", strconv.Itoa(len(meta)))
	held := func(list []r2Tag, otherwise bool) bool {
		if len(list) == 0 {
			return otherwise
		}
		return list[0].Value == s.etag
	}
	if !held(q.OnlyIf.EtagMatches, true) || held(q.OnlyIf.EtagDoesNotMatch, false) {
		w.Header().Set("CF-R2-Error", `{"message":"At least one of the pre-conditions you specified did not hold.","version":1,"v4code":10031}`)
		w.Header().Set("Content-Length", strconv.Itoa(len(meta)))
		w.WriteHeader(http.StatusPreconditionFailed)
		w.Write(meta)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(meta)+length))
	w.Write(meta)
	w.Write(s.pyramid[offset : offset+length])
}

// serveCache answers as the cache of a data centre answers the Cache API: a GET is
// a look into it, the body of a PUT is an answer to be kept.
func (s *surroundings) serveCache(w http.ResponseWriter, r *http.Request) {
	key := r.Host + r.URL.RequestURI()
	switch r.Method {
	case http.MethodPut:
		data, err := io.ReadAll(r.Body)
		if err == nil && s.caching.Load() {
			err = s.store(key, data)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		s.mu.Lock()
		c, ok := s.cached[key]
		s.mu.Unlock()
		if !ok {
			w.Header().Set("CF-Cache-Status", "MISS")
			w.WriteHeader(http.StatusGatewayTimeout)
			return
		}
		for name, values := range c.header {
			w.Header()[name] = values
		}
		w.Header().Set("CF-Cache-Status", "HIT")
		w.Write(c.body)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// store keeps an answer that came as a message of HTTP.
func (s *surroundings) store(key string, message []byte) error {
	resp, err := http.ReadResponse(newReader(bytes.NewReader(message)), nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cached[key] = cached{resp.Header, body}
	return nil
}

// serveOrigin answers with a rendered region.
func (s *surroundings) serveOrigin(w http.ResponseWriter, r *http.Request) {
	s.asked.Add(1)
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", "public, max-age=86400")
	h.Set("ETag", `"0123456789abcdef0123456789abcdef"`)
	h.Set("Last-Modified", time.Unix(1_790_000_000, 0).UTC().Format(http.TimeFormat))
	h.Set("Content-Length", strconv.Itoa(len(s.rendered)))
	w.Write(s.rendered)
}
