package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/vitrine-iiif/vitrine/manifests/mapping"
)

// readme returns the block of README.md that contains a text, in a language.
func readme(t *testing.T, language, text string) string {
	t.Helper()
	body, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(body), -1) {
		if strings.Contains(block[1], text) {
			return block[1]
		}
	}
	t.Fatalf("README.md has no %s with %q", language, text)
	return ""
}

// TestReadmeMapping: the mapping in README.md is one, and has every name that there is.
func TestReadmeMapping(t *testing.T) {
	text := readme(t, "yaml", "# mapping.yml")
	m, err := mapping.Parse(strings.NewReader(text), mapping.Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	var named func(at string, v reflect.Value)
	named = func(at string, v reflect.Value) {
		if v.Kind() == reflect.Slice && v.Len() > 0 && v.Type().Elem().Kind() == reflect.Struct && v.Type() != reflect.TypeFor[mapping.Value]() {
			v = v.Index(0)
		}
		if v.Kind() != reflect.Struct {
			if v.IsZero() {
				t.Errorf("README.md does not have %s", at)
			}
			return
		}
		for i := range v.NumField() {
			name := strings.TrimPrefix(at+"."+v.Type().Field(i).Tag.Get("yaml"), ".")
			// Each kind of link has what it needs; all together have everything.
			if strings.Contains(at, "homepage") || strings.Contains(at, "seeAlso") || strings.Contains(at, "rendering") {
				if !strings.Contains(text, v.Type().Field(i).Tag.Get("yaml")+": ") {
					t.Errorf("README.md does not have %s", name)
				}
				continue
			}
			named(name, v.Field(i))
		}
	}
	named("", reflect.ValueOf(m))
}

// TestReadmeSources: the table and the card in README.md become what is said of them.
func TestReadmeSources(t *testing.T) {
	images, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"book/1r.tif", "book/1v.tif", "maps/aldbury.tif", "scans/hours/1.jpg", "scans/hours/2.jpg"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(images, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, images, name, tinyPNG(t, 30, 20)) // the content decides, not the name
	}
	write(t, images, "scans/hours/item.yml", []byte(readme(t, "yaml", "# item.yml")))
	write(t, dir, "items.csv", []byte(readme(t, "csv", "object,title")))
	for _, c := range []struct {
		from string
		want map[string]string // what a document contains, by its path
	}{
		{filepath.Join(dir, "items.csv"), map[string]string{"book.json": `/canvas/p2"`, "map.json": "publicdomain/mark", "collection/Maps/England.json": "map.json", "book/index.html": "Kniha hodinek"}},
		{filepath.Join(images, "scans"), map[string]string{"hours.json": "f. 1r", "collection/New/2026.json": "hours.json", "hours/index.html": "Calendar"}},
	} {
		to := filepath.Join(t.TempDir(), "site")
		code, out, errs := vitrine(t, nil, "publish", "--from", c.from, "--to", to, "--source", images, "--publish-image-prefix", map[bool]string{true: "scans/"}[strings.HasSuffix(c.from, "scans")],
			"--publish-base=https://m.org", "--publish-images=https://i.org")
		if code != 0 || strings.Contains(errs, "warning") {
			t.Errorf("%s: %d %s%s", c.from, code, out, errs)
		}
		for name, want := range c.want {
			if body, err := os.ReadFile(filepath.Join(to, name)); err != nil || !strings.Contains(string(body), want) {
				t.Errorf("%s: %v, no %s in %s", name, err, want, body)
			}
		}
	}
}

// TestWeekly: defect 25. The workflow in README.md runs on one day of the week, and what
// it runs publishes.
func TestWeekly(t *testing.T) {
	var workflow struct {
		On struct {
			Schedule []struct{ Cron string }
		}
		Jobs map[string]struct {
			Steps []struct {
				ID, Run, Uses string
				Env           map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(readme(t, "yaml", "cron:")), &workflow); err != nil {
		t.Fatal(err)
	}
	if len(workflow.On.Schedule) != 1 {
		t.Fatalf("%+v", workflow.On)
	}
	cron := strings.Fields(workflow.On.Schedule[0].Cron)
	number := regexp.MustCompile(`^\d+$`)
	if len(cron) != 5 || !number.MatchString(cron[0]) || !number.MatchString(cron[1]) || cron[2] != "*" || cron[3] != "*" || !regexp.MustCompile(`^[0-6]$`).MatchString(cron[4]) {
		t.Errorf("%q is not once a week", cron)
	}

	cms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(`{"data":[{"id":1,"title":"One","image":{"filename_disk":"one.png"}}]}`))
	}))
	defer cms.Close()
	images := t.TempDir()
	write(t, images, "one.png", tinyPNG(t, 30, 20))
	server := start(t, "--source", images)
	t.Chdir(t.TempDir())
	published := false
	for _, job := range workflow.Jobs {
		for _, step := range job.Steps {
			if step.Uses != "" && !regexp.MustCompile(`^actions/[a-z-]+@v\d+$`).MatchString(step.Uses) {
				t.Errorf("uses %q", step.Uses)
			}
			args, ok := strings.CutPrefix(strings.TrimSpace(step.Run), "vitrine/bin/vitrine ")
			if !ok {
				continue
			}
			published = true
			var environ []string
			for name, value := range step.Env {
				switch name {
				case "VITRINE_PUBLISH_FROM":
					value = "directus+http://" + strings.TrimPrefix(cms.URL, "http://")
				case "VITRINE_PUBLISH_IMAGES":
					value = server
				}
				environ = append(environ, name+"="+value)
			}
			if code, out, errs := vitrine(t, environ, strings.Fields(args)...); code != 0 {
				t.Errorf("%s: %d %s%s", args, code, out, errs)
			}
			for _, name := range []string{"site/one.json", "site/index.html", "site/.vitrine/state.json"} {
				if _, err := os.Stat(name); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if !published {
		t.Error("the workflow does not publish")
	}
}
