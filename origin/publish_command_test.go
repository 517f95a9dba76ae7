package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPublishCommand: what a publication says and with which status it ends, from the
// first to one that would remove too much.
func TestPublishCommand(t *testing.T) {
	images, to := t.TempDir(), filepath.Join(t.TempDir(), "site")
	for i := range 12 {
		write(t, images, fmt.Sprintf("%02d.png", i), tinyPNG(t, 20, 10))
	}
	publish := func(args ...string) (int, string, string) {
		t.Helper()
		return vitrine(t, nil, append([]string{"publish", "--from", images, "--source", images, "--to", to, "--publish-base=https://m.org", "--publish-images=https://i.org"}, args...)...)
	}
	have := func() (names []string) {
		list, _ := filepath.Glob(filepath.Join(to, "*.json"))
		for _, f := range list {
			names = append(names, filepath.Base(f))
		}
		return names
	}
	if code, out, errs := publish("--dry-run"); code != 0 || !strings.Contains(out, "+ 00.json") || !strings.Contains(out, "12 items would be published") || errs != "" || have() != nil {
		t.Errorf("dry run: %d %s%s %v", code, out, errs, have())
	}
	if code, out, errs := publish(); code != 0 || !strings.Contains(out, "12 new, 0 changed") || errs != "" || len(have()) != 13 {
		t.Errorf("first: %d %s%s %v", code, out, errs, have())
	}
	if code, out, _ := publish(); code != 0 || !strings.Contains(out, "12 unchanged, 0 failed; 0 documents written, 0 deleted") {
		t.Errorf("nothing new: %d %s", code, out)
	}
	write(t, images, "03.yml", []byte("title: Three\n"))
	if code, out, _ := publish("--dry-run"); code != 0 || !strings.Contains(out, "~ 03.json\n") || !strings.Contains(out, `    ~ label.en[0]: "03" → "Three"`) {
		t.Errorf("a change: %d %s", code, out)
	}
	write(t, images, "04.yml", []byte("title: [\n"))
	if code, out, errs := publish(); code != 1 || !strings.Contains(out, "1 failed") || !strings.Contains(errs, "failed: 04.png: 04.yml: not YAML") || len(have()) != 13 {
		t.Errorf("a failure: %d %s%s", code, out, errs)
	}
	for i := range 8 {
		if err := os.Remove(filepath.Join(images, fmt.Sprintf("%02d.png", i+4))); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, errs := publish(); code != 1 || !strings.Contains(errs, "refused: 8 manifests have vanished") || !strings.Contains(errs, "--allow-delete") || len(have()) != 13 {
		t.Errorf("too many removals: %d %s %v", code, errs, have())
	}
	if code, out, errs := publish("--allow-delete"); code != 0 || !strings.Contains(out, "- 11.json") || len(have()) != 5 {
		t.Errorf("allowed: %d %s%s %v", code, out, errs, have())
	}
	for _, wrong := range [][]string{{"--publish-viewer=x"}, {"--publish-base=here"}, {"--to=ftp://x/y"}, {"--from", filepath.Join(images, "absent")}, {"--publish-mapping", filepath.Join(images, "absent.yml")}} {
		if code, _, errs := publish(wrong...); code != 2 || errs == "" {
			t.Errorf("%v: exit %d, %q", wrong, code, errs)
		}
	}
}

// TestValidateCommand: every file is told of, by name and place, and the status says
// whether all are good.
func TestValidateCommand(t *testing.T) {
	dir := t.TempDir()
	const good = `{"@context": "http://iiif.io/api/presentation/3/context.json", "id": "https://m.org/c.json", "type": "Collection", "label": {"en": ["C"]}, "items": []}`
	write(t, dir, "good.json", []byte(good))
	write(t, dir, "bad.json", []byte(strings.Replace(good, `{"en": ["C"]}`, `{"en": "C"}`, 1)))
	g, b := filepath.Join(dir, "good.json"), filepath.Join(dir, "bad.json")
	for _, c := range []struct {
		files          []string
		in             string
		code           int
		stdout, stderr string
	}{
		{[]string{g}, "", 0, g + ": good\n", ""},
		{[]string{g, b}, "", 1, b + ": error: label.en: is not a list of texts\n", ""},
		{[]string{"-"}, good, 0, "-: good\n", ""},
		{[]string{"-"}, "{\n\"x\" 1}", 1, "-: error: not JSON: line 2, column 5: ", ""},
		{[]string{"-"}, "", 1, "-: error: is empty\n", ""},
		{[]string{filepath.Join(dir, "none.json"), g}, "", 1, g + ": good\n", "none.json: no such file"},
		{[]string{dir}, "", 1, "", "is a directory"},
	} {
		var out, errs strings.Builder
		code := (&validateCommand{File: c.files}).run(strings.NewReader(c.in), &out, &errs)
		if code != c.code || !strings.Contains(out.String(), c.stdout) || !strings.Contains(errs.String(), c.stderr) {
			t.Errorf("%v: exit %d\n%s%s", c.files, code, out.String(), errs.String())
		}
	}
	if code, out, _ := vitrine(t, nil, "manifests", "validate", g); code != 0 || out != g+": good\n" {
		t.Errorf("by the command line: %d %s", code, out)
	}
	if code, _, errs := vitrine(t, nil, "manifests", "validate"); code != 2 || !strings.Contains(errs, "expected") {
		t.Errorf("without files: %d %s", code, errs)
	}
}
