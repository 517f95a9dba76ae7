package edge

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/host"
)

// planner is plan.wasm on wazero, as the Worker holds it.
type planner struct {
	in   *host.Instance
	at   uint32
	room int
}

// onWazero calls f with an instance of plan.wasm that is configured with settings.
func onWazero(t testing.TB, file, settings string, f func(*planner) error) error {
	t.Helper()
	program, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.New(t.Context(), host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(t.Context()) })
	p, err := h.Compile(t.Context(), program, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Do(t.Context(), func(in *host.Instance) error {
		p := &planner{in: in}
		if err := p.configure(settings); err != nil {
			return err
		}
		return f(p)
	})
}

// configure hands settings over.
func (p *planner) configure(settings string) error {
	if err := p.put([]byte(settings)); err != nil {
		return err
	}
	at, err := p.in.Call("configure", uint64(len(settings)))
	if err == nil && at[0] != 0 {
		err = fault.New("planner.configure", fault.Invalid, "plan.wasm refuses the settings")
	}
	return err
}

// put writes the input of the next call.
func (p *planner) put(b []byte) error {
	if len(b) > p.room {
		p.room = max(len(b), 96<<10)
		at, err := p.in.Call("room", uint64(p.room))
		if err != nil {
			return err
		}
		p.at = uint32(at[0])
	}
	return p.in.Write(p.at, b)
}

// decide returns the action as it crosses the boundary; it is valid until the next
// call.
func (p *planner) decide(r *decision.Request) ([]byte, error) {
	text := decision.AppendRequest(nil, r)
	if err := p.put(append(text, r.Data...)); err != nil {
		return nil, err
	}
	at, err := p.in.Call("decide", uint64(len(text)), uint64(len(r.Data)))
	if err != nil {
		return nil, err
	}
	if at[0] == 0 {
		return nil, fault.New("planner.decide", fault.Internal, "plan.wasm is broken")
	}
	head, err := p.in.Read(uint32(at[0]), 8)
	if err != nil {
		return nil, err
	}
	return p.in.Read(uint32(at[0]), 8+binary.LittleEndian.Uint32(head)+binary.LittleEndian.Uint32(head[4:]))
}
