package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	// maxHook bounds what is read of a hook's body. It is only for the log: a longer one,
	// of a record with large annotations, is obeyed all the same.
	maxHook = 1 << 20
	// hookTime is how long a body may take to come.
	hookTime = 10 * time.Second
	// maxKeys is how many keys of a message the log shows.
	maxKeys = 20
)

// hook answers POST /hooks/directus and /hooks/publish: something has changed, and
// what is published shall follow. The answer comes at once.
func (c *call) hook() error {
	const op = "server.hook"
	if len(c.hooks) == 0 || c.deps.Changed == nil {
		return fault.New(op, fault.NotFound, "there is nothing at this address")
	}
	if c.r.Method != http.MethodPost {
		c.w.Header().Set("Allow", http.MethodPost)
		return fault.New(op, fault.MethodNotAllowed, "this method is not allowed here; allowed is POST")
	}
	if ofEdge := len(c.edge) > 0 && c.edge.admits(c.r.Header); !ofEdge && !c.hooks.admit(c.r.Header) {
		return fault.New(op, fault.Unauthorized, "the token is missing or wrong")
	}
	// Only test recorders refuse a deadline.
	_ = http.NewResponseController(c.w.ResponseWriter).SetReadDeadline(time.Now().Add(hookTime))
	body, err := io.ReadAll(io.LimitReader(c.r.Body, maxHook))
	if err != nil {
		return fault.E(op, fault.Invalid, err)
	}
	reason := c.path[len("/hooks/"):]
	c.log.LogAttrs(c.r.Context(), slog.LevelInfo, "told to publish", describe(reason, body)...)
	c.deps.Changed(reason)
	return c.sendJSON(http.StatusAccepted, map[string]string{"status": "accepted"})
}

// tokens are digests of tokens.
type tokens [][sha256.Size]byte

func newTokens(list []string) (tokens, error) {
	var t tokens
	for _, s := range list {
		if s == "" {
			return nil, errors.New("a token of hooks is empty")
		}
		t = append(t, sha256.Sum256([]byte(s)))
	}
	return t, nil
}

// admit compares digests, and all of them: the time that it takes tells nothing.
func (t tokens) admit(h http.Header) bool {
	bearer, ok := strings.CutPrefix(h.Get("Authorization"), "Bearer ")
	if !ok {
		bearer = ""
	}
	found := 0
	for _, token := range []string{bearer, h.Get("X-Vitrine-Token")} {
		got := sha256.Sum256([]byte(token))
		for i := range t {
			found |= subtle.ConstantTimeCompare(t[i][:], got[:])
		}
	}
	return found == 1
}

// describe returns what a message says of itself, for the log: the body of a Flow of
// Directus, {{$trigger}}, names one key when something is created, and a list of keys
// otherwise. Other bodies say nothing.
func describe(hook string, body []byte) []slog.Attr {
	var m struct {
		Event, Collection string
		Key               any
		Keys              []any
	}
	list := []slog.Attr{slog.String("hook", hook)}
	if json.Unmarshal(body, &m) != nil {
		return list
	}
	if m.Key != nil {
		m.Keys = append(m.Keys, m.Key)
	}
	if m.Event != "" {
		list = append(list, slog.String("event", cut(m.Event)), slog.String("collection", cut(m.Collection)))
	}
	if len(m.Keys) > 0 {
		keys := fmt.Sprint(m.Keys[:min(len(m.Keys), maxKeys)])
		list = append(list, slog.Int("count", len(m.Keys)), slog.String("keys", cut(keys)))
	}
	return list
}

// cut bounds a text for the log.
func cut(s string) string {
	if len(s) > maxLogged {
		return strings.ToValidUTF8(s[:maxLogged], "") + "…"
	}
	return s
}
