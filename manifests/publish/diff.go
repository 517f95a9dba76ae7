package publish

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// maxDiff is how many lines a diff has: enough to see what happened.
const maxDiff = 20

// Diff says in lines what changed between two JSON documents: "~ path: old → new",
// "+ path: value", "- path: value". Long values are shortened.
func Diff(before, after []byte) []string {
	var a, b any
	if json.Unmarshal(before, &a) != nil {
		return []string{"~ the published document cannot be read"}
	}
	if err := json.Unmarshal(after, &b); err != nil {
		return []string{"~ " + err.Error()}
	}
	var d differ
	d.compare("", a, b)
	if d.more > 0 {
		d.lines = append(d.lines, fmt.Sprintf("… and %d more", d.more))
	}
	return d.lines
}

type differ struct {
	lines []string
	more  int
}

func (d *differ) add(line string) {
	if len(d.lines) < maxDiff {
		d.lines = append(d.lines, line)
	} else {
		d.more++
	}
}

func (d *differ) compare(path string, a, b any) {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			d.objects(path, x, y)
			return
		}
	case []any:
		if y, ok := b.([]any); ok {
			d.arrays(path, x, y)
			return
		}
	}
	if va, vb := value(a), value(b); va != vb {
		d.add("~ " + path + ": " + short(va) + " → " + short(vb))
	}
}

func (d *differ) objects(path string, a, b map[string]any) {
	keys := map[string]bool{}
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		p := k
		if path != "" {
			p = path + "." + k
		}
		va, inA := a[k]
		vb, inB := b[k]
		switch {
		case !inB:
			d.add("- " + p + ": " + short(value(va)))
		case !inA:
			d.add("+ " + p + ": " + short(value(vb)))
		default:
			d.compare(p, va, vb)
		}
	}
}

func (d *differ) arrays(path string, a, b []any) {
	for i := range max(len(a), len(b)) {
		p := path + "[" + strconv.Itoa(i) + "]"
		switch {
		case i >= len(b):
			d.add("- " + p + ": " + short(value(a[i])))
		case i >= len(a):
			d.add("+ " + p + ": " + short(value(b[i])))
		default:
			d.compare(p, a[i], b[i])
		}
	}
}

func value(v any) string {
	s, _ := json.Marshal(v)
	return string(s)
}

// short cuts a value to what fits a line.
func short(s string) string {
	const limit = 70
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
