package edge

import (
	"bytes"
	"os"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
	"github.com/vitrine-iiif/vitrine/wasm/snapshot"
)

// TestSnapshot: plan.wasm as it is deployed decides, after a rehearsal, what it decides
// when it is booted the usual way, byte for byte; and the same program always gives
// the same file.
func TestSnapshot(t *testing.T) {
	plain, err := os.ReadFile(plainWasm(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	booted, err := os.ReadFile(planWasm(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := snapshot.Take(t.Context(), plain); err != nil || !bytes.Equal(again, booted) {
		t.Errorf("the second time it is another one: %v", err)
	}
	tiny := fineTiles(t, 50, 40)
	g := newGenerator(t, 3, []subject{{"tiny.jpg", 50, 40, 16}})
	var requests []decision.Request
	for i := range 5000 {
		r := g.next()
		r.Now = int64(i) * 100
		requests = append(requests, r)
	}
	decided := func(file string, rehearse bool) (all [][]byte) {
		err := onWazero(t, file, settings, func(p *planner) error {
			if rehearse { // as the Worker does, and then configures it
				if _, err := p.in.Call("rehearse"); err != nil {
					return err
				}
				if err := p.configure(settings); err != nil {
					return err
				}
			}
			for _, r := range requests {
				for _, event := range []decision.Event{decision.Start, decision.Head} {
					if r.Event = event; event == decision.Head {
						r.ETag, r.Size, r.Data = "e", int64(len(tiny)), tiny
					}
					got, err := p.decide(&r)
					if err != nil {
						return err
					}
					all = append(all, bytes.Clone(got))
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	got, tiles := decided(planWasm(t, ""), true), 0
	for i, want := range decided(plainWasm(t, ""), false) {
		if !bytes.Equal(got[i], want) {
			t.Fatalf("%+v: it decides\n%q\nand not\n%q", requests[i/2], got[i], want)
		}
		if bytes.HasPrefix(want[8:], []byte("tile\n")) {
			tiles++
		}
	}
	if tiles < 200 {
		t.Errorf("only %d tiles", tiles)
	}
}

// TestEpoch: the Worker starts where Cloudflare starts it, with a clock that stands at
// 1970 until the first request. The runtime of Go would not boot there.
func TestEpoch(t *testing.T) {
	w := startWorker(t, workerConfig{modules: []module{
		{"ESModule", "testdata/epoch.mjs", "testdata/epoch.mjs"}, {"ESModule", "testdata/clock.mjs", "testdata/clock.mjs"},
		{"ESModule", "worker.mjs", "worker.mjs"}, {"CompiledWasm", "build/plan.wasm", planWasm(t, "")},
	}})
	for range 3 {
		if a := send(t, w.base, &decision.Request{Method: "GET", Target: "/iiif/3/x"}); a.status != 303 {
			t.Errorf("status %d: %s", a.status, a.body)
		}
	}
}
