package fault_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// TestStatus holds the table of Image API 3.0 §7: 400, 401, 403, 404, 500, 501,
// 503; an outage is never a 404.
func TestStatus(t *testing.T) {
	want := map[fault.Kind]int{
		fault.Internal: 500, fault.Invalid: 400, fault.Unauthorized: 401, fault.Forbidden: 403,
		fault.NotFound: 404, fault.MethodNotAllowed: 405, fault.NotAcceptable: 406, fault.Conflict: 503,
		fault.Corrupt: 500, fault.Unsupported: 501, fault.Unavailable: 503, fault.Timeout: 503, fault.Canceled: 499,
	}
	names := map[string]bool{}
	for kind, status := range want {
		if got := kind.Status(); got != status {
			t.Errorf("%v: status %d, want %d", kind, got, status)
		}
		if names[kind.String()] || kind.String() == "" {
			t.Errorf("kind %d: name %q is empty or taken", kind, kind)
		}
		names[kind.String()] = true
	}
	if beyond := fault.Kind(200); beyond.Status() != 500 || beyond.String() != "unknown" {
		t.Errorf("kind 200: %d %q", beyond.Status(), beyond)
	}
}

func TestKindOf(t *testing.T) {
	inner := fault.E("source.Open", fault.NotFound, io.EOF)
	for _, c := range []struct {
		err  error
		want fault.Kind
	}{
		{io.EOF, fault.Internal},
		{context.Canceled, fault.Canceled},
		{context.DeadlineExceeded, fault.Timeout},
		{inner, fault.NotFound},
		{errors.Join(io.EOF, inner), fault.NotFound},
		{fault.E("render.Render", fault.Unavailable, inner), fault.Unavailable},
		{fault.E("render.Render", fault.Unavailable, context.Canceled), fault.Unavailable},
	} {
		if got := fault.KindOf(c.err); got != c.want {
			t.Errorf("KindOf(%v) = %v, want %v", c.err, got, c.want)
		}
	}
	if fault.Is(nil, fault.Internal) {
		t.Error("nil is a failure")
	}
}

// TestPublic makes sure that causes reach the log and never the public.
func TestPublic(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.7:9000: refused")
	outage := fault.E("source.Open", fault.Unavailable, secret)
	if !strings.Contains(outage.Error(), "10.0.0.7") || !strings.HasPrefix(outage.Error(), "source.Open: unavailable") {
		t.Errorf("log text lacks the cause: %q", outage)
	}
	for _, err := range []error{secret, outage, fault.E("render.Render", fault.Internal, outage)} {
		if text := fault.Public(err); strings.Contains(text, "10.0.0.7") || text == "" {
			t.Errorf("public text of %v: %q", err, text)
		}
	}
	told := fault.E("server.image", fault.Invalid, fault.New("iiif.Parse", fault.Invalid, "rotation must be 0 to 360"))
	if got := fault.Public(told); got != "rotation must be 0 to 360" {
		t.Errorf("public text %q", got)
	}
	if got := fault.Public(outage.WithPublic("the store is away")); got != "the store is away" {
		t.Errorf("public text %q", got)
	}
	if !errors.Is(told, told) || !errors.Is(outage, secret) {
		t.Error("the cause is not in the chain")
	}
}
