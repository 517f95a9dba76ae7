//go:build js

// Command fallback is the part of the edge that is an ordinary Go program on
// github.com/syumai/workers: requests that need the origin (relay), calls of the
// administrator (admin), and what is due at night. fallback.mjs starts it.
//
// An instance belongs to one request, since Go's goroutines and timers must not
// outlive the request that they began in. Everything that decides is in the
// packages below, which are tested natively; here are only the bindings.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/syumai/workers"
	"github.com/syumai/workers/cloudflare"
	"github.com/syumai/workers/cloudflare/cron"

	"github.com/vitrine-iiif/vitrine/edge/fallback/admin"
	"github.com/vitrine-iiif/vitrine/edge/fallback/relay"
	"github.com/vitrine-iiif/vitrine/edge/fallback/settings"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func main() {
	workers.ServeNonBlock(http.HandlerFunc(serve))
	cron.ScheduleTaskNonBlock(nightly)
	workers.Ready()
	// Not until the body is sent, as workers.Serve does: what runs after the answer
	// would end with it. fallback.mjs drops the instance when its request is over.
	select {}
}

// serve answers a request. A panic is the failure of this request alone.
func serve(out http.ResponseWriter, req *http.Request) {
	w := newWriter(out, req)
	defer w.finish()
	defer func() {
		if v := recover(); v != nil {
			logError(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			w.reset()
			refuse(w, req, fault.E("fallback.serve", fault.Internal, nil))
		}
	}()
	undoSplitting(req.Header)
	req.RequestURI = requestURL()
	req.URL = parseURL(req.RequestURI)
	h, err := handler()
	if err != nil {
		logError(err)
		refuse(w, req, fault.E("fallback.serve", fault.Internal, err))
		return
	}
	h.ServeHTTP(w, req)
}

// refuse answers with a failure of our own.
func refuse(w http.ResponseWriter, req *http.Request, err error) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	relay.Fail(w, req, err, 5*time.Second)
}

// handler returns what answers the request. Its path does not say that: a Worker cleans
// paths on the way to another one, so that "/admin/%2e%2e/x" arrives as "/x", and the
// relay believes headers which viewers could send.
func handler() (http.Handler, error) {
	s, err := settings.Parse(variable)
	if err != nil {
		return nil, err
	}
	if scope().Get("administers").Truthy() {
		return newAdmin(s)
	}
	r, err := relay.New(s.Relay, origin{}, relayBucket(), cache{}, later, logError)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func newAdmin(s settings.Settings) (*admin.Admin, error) {
	d := admin.Deps{Edge: edge{}, Origin: origin{secret: s.Relay.Secret}}
	if b, ok := openBucket(); ok {
		d.Bucket = b
	}
	return admin.New(s.Admin, d)
}

// relayBucket returns the bucket, nil where none is bound.
func relayBucket() relay.Bucket {
	if b, ok := openBucket(); ok {
		return b
	}
	return nil
}

// later runs a task after the answer.
func later(task func(context.Context)) {
	cloudflare.WaitUntil(func() {
		defer func() {
			if v := recover(); v != nil {
				logError(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
			}
		}()
		task(context.Background())
	})
}

// nightly is what the Cron Trigger starts. It returns no error because that would
// be a panic, and a retry would not help.
func nightly(ctx context.Context) error {
	defer func() {
		if v := recover(); v != nil {
			logError(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))
		}
	}()
	s, err := settings.Parse(variable)
	if err != nil {
		logError(err)
		return nil
	}
	a, err := newAdmin(s)
	if err != nil {
		logError(err)
		return nil
	}
	night := a.Nightly(ctx)
	line, err := json.Marshal(map[string]any{"level": "INFO", "msg": "night", "night": night})
	if err != nil {
		logError(err)
		return nil
	}
	if len(night.Problems) > 0 {
		logError(errors.New(strings.Join(night.Problems, "; ")))
	}
	fmt.Println(string(line))
	return nil
}

// logError writes a line for the log of the Worker.
func logError(err error) {
	line, _ := json.Marshal(map[string]string{"level": "ERROR", "msg": "fallback", "error": err.Error()}) // of strings
	fmt.Fprintln(os.Stderr, string(line))
}
