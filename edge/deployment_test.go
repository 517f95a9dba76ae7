package edge

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"github.com/vitrine-iiif/vitrine/wasm/decision"
)

// deployed is what wrangler.toml says of the runtime and the settings.
type deployed struct {
	Date     string            `toml:"compatibility_date"`
	Flags    []string          `toml:"compatibility_flags"`
	Vars     map[string]string `toml:"vars"`
	Triggers struct{ Crons []string }
}

// deployment reads wrangler.toml: the tests run in the runtime that is deployed.
func deployment(t testing.TB) deployed {
	t.Helper()
	text, err := os.ReadFile("../wrangler.toml")
	if err != nil {
		t.Fatal(err)
	}
	d := deployed{Flags: []string{}}
	if err := toml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if d.Date == "" {
		t.Fatal("wrangler.toml has no compatibility_date")
	}
	return d
}

// commented is a setting of wrangler.toml that is only shown.
var commented = regexp.MustCompile(`(?m)^# ([A-Z_]+) = "(.*)"$`)

// TestSettings: every setting that wrangler.toml has or shows is one that both
// Workers take, and what is shown as a default is it.
func TestSettings(t *testing.T) {
	text, err := os.ReadFile("../wrangler.toml")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{}
	for _, m := range commented.FindAllStringSubmatch(string(text), -1) {
		shown[m[1]] = m[2]
	}
	vars := deployment(t).Vars
	if len(shown) < 8 || len(vars) < 12 {
		t.Fatalf("wrangler.toml has %d settings and shows %d", len(vars), len(shown))
	}
	parse := func(vars map[string]string) decision.Config {
		var lines strings.Builder
		for name, value := range vars {
			if strings.HasPrefix(name, "VITRINE_") {
				fmt.Fprintf(&lines, "%s=%s\x00", name, value)
			}
		}
		c, err := decision.ParseConfig(lines.String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if got, want := parse(map[string]string{"VITRINE_MAX_AREA": shown["VITRINE_MAX_AREA"]}).Limits, parse(nil).Limits; got != want {
		t.Errorf("limits: %+v is shown as the default, which is %+v", got, want)
	}
	if shown["VITRINE_STYLE"] != decision.DefaultStyle {
		t.Errorf("the style shown is %q, the default is %q", shown["VITRINE_STYLE"], decision.DefaultStyle)
	}
	maps.Copy(vars, shown)
	const key, page = "prefix/site/manifests/a.json", `{"a": 1}`
	w := startWorker(t, workerConfig{vars: vars})
	w.putText(key, page)
	if got := w.get("/manifests/a.json"); got.body != page {
		t.Errorf("%s: status %d, %.200s", key, got.StatusCode, got.body)
	}
	w.get("/iiif/3/x/info.json").expect(t, "without an origin", 503, outage...)
}

// bundle builds a Worker as `wrangler deploy` does and returns its modules.
func bundle(t *testing.T, config string) []module {
	t.Helper()
	out := t.TempDir()
	output(t, out, "node_modules/.bin/wrangler", "deploy", "--dry-run", "--config", config, "--outdir", out)
	entrances, err := filepath.Glob(filepath.Join(out, "*.js"))
	if err != nil || len(entrances) != 1 {
		t.Fatalf("%v: %v", entrances, err)
	}
	modules := []module{{"ESModule", filepath.Base(entrances[0]), entrances[0]}}
	programs, err := filepath.Glob(filepath.Join(out, "*.wasm"))
	if err != nil || len(programs) != 1 {
		t.Fatalf("%v: %v", programs, err)
	}
	return append(modules, module{"CompiledWasm", filepath.Base(programs[0]), programs[0]})
}

// output runs a tool of the deployment and returns what it prints.
func output(t *testing.T, logs string, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "WRANGLER_SEND_METRICS=false", "CI=1", "NO_COLOR=1", "WRANGLER_LOG_PATH="+filepath.Join(logs, "log"))
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, said)
	}
	return strings.TrimSpace(string(said))
}

// TestDeployment: what `make deploy` would upload answers: a tile, an info.json,
// a rendering of the origin, a call of the administrator, and what is due at night.
func TestDeployment(t *testing.T) {
	if _, err := os.Stat("node_modules/wrangler"); err != nil {
		missing(t, "wrangler: npm ci in edge/")
	}
	output(t, t.TempDir(), "../.ci/edge")
	modules, second := bundle(t, "../wrangler.toml"), bundle(t, output(t, t.TempDir(), "node", "second.mjs"))
	images := samples(t)
	port := freePort(t)
	o := startOrigin(t, "--source", images, "--public-url", base(port), "--edge-secret", originSecret)
	vars := deployment(t).Vars
	maps.Copy(vars, map[string]string{"VITRINE_PUBLIC_URL": base(port), "ORIGIN_URL": o.base, "ORIGIN_SECRET": originSecret, "ADMIN_TOKEN": adminToken})
	w := startWorker(t, workerConfig{modules: modules, second: second, port: port, vars: vars})
	w.fill(ingest(t, images))
	const image = "/iiif/3/" + sampleEsc
	w.get(image+"/info.json").expect(t, "info.json", 200)
	w.get(image+"/512,512,512,512/512,512/0/default.jpg").expect(t, "a tile", 200, "Content-Type", "image/jpeg")
	if n := o.requests(); n != 0 {
		t.Errorf("the origin was asked %d times", n)
	}
	w.get(image+"/full/60,/90/default.png").expect(t, "a rendering", 200, "Content-Type", "image/png")
	if status := w.call("GET", "/admin/status", ""); status["origin"].(map[string]any)["ok"] != true {
		t.Errorf("status: %v", status)
	}
	if a := w.command(map[string]any{"scheduled": true}); a["outcome"] != "ok" {
		t.Errorf("scheduled: %v", a)
	}
}
