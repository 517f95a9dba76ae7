package publish

import (
	"context"
	"encoding/json"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// StatePath is the document that every finished publication has.
const StatePath = ".vitrine/state.json"

const (
	statePath   = StatePath
	pendingPath = ".vitrine/pending.json"
	lockPath    = ".vitrine/lock"
	// stateFormat changes when the fields below do; an older state counts as none,
	// except that its files are known.
	stateFormat = 1
)

// state is what the last publication left: enough to know what changed without
// building or reading a manifest.
type state struct {
	Format int                 `json:"format"`
	Recipe string              `json:"recipe"` // of Config.Recipe: another one builds all anew
	Items  map[string]*record  `json:"items"`  // by name
	Lists  map[string]string   `json:"lists"`  // digests by path
	Sizes  map[string]known    `json:"sizes"`  // by identifier or service
	Gone   []presentation.Gone `json:"gone,omitempty"`
}

// record is one published item.
type record struct {
	Entry presentation.Entry `json:"entry"`
	// Hash is of the item and its sizes.
	Hash string `json:"hash"`
	// Files are digests by path.
	Files    map[string]string `json:"files"`
	Warnings []string          `json:"warnings,omitempty"`
}

// known is the size of an image at a revision of its file.
type known struct {
	Size  item.Size `json:"size"`
	Stamp string    `json:"stamp"`
}

// loadState reads the state; version is for saving it.
func loadState(ctx context.Context, t Target) (s *state, version string, err error) {
	const op = "publish.Run"
	s = &state{Items: map[string]*record{}, Lists: map[string]string{}, Sizes: map[string]known{}}
	body, version, err := t.Get(ctx, statePath)
	if fault.KindOf(err) == fault.NotFound {
		return s, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal(body, s); err != nil || s.Items == nil || s.Lists == nil {
		// Going on would take everything for new and nothing for removed, for ever.
		return nil, "", fault.E(op, fault.Corrupt, err).WithPublic(statePath + " is damaged; restore it, or delete it and remove old manifests by hand")
	}
	if s.Sizes == nil {
		s.Sizes = map[string]known{}
	}
	for _, r := range s.Items {
		if r == nil {
			return nil, "", fault.New(op, fault.Corrupt, statePath+" is damaged")
		}
	}
	if s.Format != stateFormat {
		s.Recipe = ""
	}
	return s, version, nil
}

// loadPending reads what a publication that died was about to write: of these items,
// and of all lists, the state does not say what the target has.
func loadPending(ctx context.Context, t Target) (names map[string]bool, died bool, err error) {
	const op = "publish.Run"
	body, _, err := t.Get(ctx, pendingPath)
	if fault.KindOf(err) == fault.NotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	var list []string
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, false, fault.E(op, fault.Corrupt, err).WithPublic(pendingPath + " is damaged; delete it and publish with --force")
	}
	names = map[string]bool{}
	for _, n := range list {
		names[n] = true
	}
	return names, true, nil
}

func document(path string, v any) (presentation.Document, error) {
	body, err := json.Marshal(v)
	return presentation.Document{Path: path, MediaType: presentation.JSONType, Body: body}, err
}
