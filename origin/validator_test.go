package main

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// validatorPackages are the official IIIF image validator and what it needs.
var validatorPackages = []string{"iiif-validator==1.0.5", "bottle==0.13.4", "filemagic==1.6", "Pillow==11.3.0", "lxml==6.0.2"}

const validatorImage = "67352ccc-d1b0-11e1-89ae-279075081939"

// missing skips a test that lacks something; in CI it fails instead.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("missing in CI: %s", what)
	}
	t.Skipf("skipped, missing: %s", what)
}

// installValidator returns the validator's command, installed into .cache of the project.
func installValidator(t *testing.T) (python, script string) {
	t.Helper()
	venv, err := filepath.Abs("../.cache/validator-" + strings.TrimPrefix(validatorPackages[0], "iiif-validator=="))
	if err != nil {
		t.Fatal(err)
	}
	python, script = filepath.Join(venv, "bin", "python3"), filepath.Join(venv, "bin", "iiif-validate.py")
	if _, err := os.Stat(script); err == nil {
		return python, script
	}
	if out, err := exec.Command("python3", "-m", "venv", venv).CombinedOutput(); err != nil {
		missing(t, "python3 with venv: "+string(out))
	}
	if out, err := exec.Command(python, append([]string{"-m", "pip", "install", "-q", "--no-deps"}, validatorPackages...)...).CombinedOutput(); err != nil {
		missing(t, "the validator cannot be installed: "+string(out))
	}
	// The tests of webp, jp2 and pdf call urllib.urlopen of Python 2.
	sites, err := filepath.Glob(filepath.Join(venv, "lib", "python3*", "site-packages"))
	if err != nil || len(sites) != 1 {
		t.Fatalf("the validator's packages are not where they should be: %v", sites)
	}
	shim := "import urllib, urllib.request\nurllib.urlopen = urllib.request.urlopen\n"
	if err := os.WriteFile(filepath.Join(sites[0], "sitecustomize.py"), []byte(shim), 0o600); err != nil {
		t.Fatal(err)
	}
	return python, script
}

var validatorLine = regexp.MustCompile(`(?m)^\[\d+\] test (\S+) (PASS|FAIL)$`)

// validate runs the validator and returns the names of the tests that passed and failed.
func validate(t *testing.T, base, version, level string, only ...string) (passed, failed []string) {
	t.Helper()
	python, script := installValidator(t)
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{script, "-s", u.Host, "-p", "iiif/" + version[:1], "-i", validatorImage, "--version=" + version, "--level=" + level, "-v"}
	for _, name := range only {
		args = append(args, "--test="+name)
	}
	out, _ := exec.Command(python, args...).CombinedOutput() // the exit status is the number of failures
	for _, m := range validatorLine.FindAllStringSubmatch(string(out), -1) {
		if m[2] == "PASS" {
			passed = append(passed, m[1])
		} else {
			failed = append(failed, m[1])
			t.Logf("validator %s, %s failed:\n%s", version, m[1], detail(string(out), m[0]))
		}
	}
	if len(passed)+len(failed) == 0 {
		t.Fatalf("the validator ran no test:\n%s", out)
	}
	return passed, failed
}

// detail returns what the validator printed after a line.
func detail(out, line string) string {
	_, after, _ := strings.Cut(out, line+"\n")
	if i := strings.Index(after, "\n["); i >= 0 {
		after = after[:i]
	}
	return after
}

// TestValidator: the official validator passes at level 2 for both versions, and at
// level 3 but for the tests that are broken in the validator itself.
func TestValidator(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join("..", "..", "shared", "images", validatorImage+".png")
	image, err := os.ReadFile(name)
	if err != nil {
		missing(t, "the validator's image "+name)
	}
	if err := os.WriteFile(filepath.Join(dir, validatorImage), image, 0o600); err != nil {
		t.Fatal(err)
	}
	base := start(t, "--source", dir, "--cache", t.TempDir())
	// size_noup wants 400 for !w,h above the region, where the specification says
	// "not larger than the extracted region"; --strict-size is for those who want it.
	strict := start(t, "--source", dir, "--strict-size")

	for _, c := range []struct {
		version        string
		level2, level3 int // tests that pass
	}{{"2.0", 30, 40}, {"3.0", 33, 41}} {
		t.Run(c.version, func(t *testing.T) {
			passed, failed := validate(t, strict, c.version, "2")
			if len(passed) != c.level2 || len(failed) != 0 {
				t.Errorf("level 2: %d of %d passed, failed: %v", len(passed), c.level2, failed)
			}
			// Broken in validator 1.0.5 itself: webp compares bytes with text. JPEG 2000
			// is not written, and not declared.
			broken := []string{"format_webp", "format_jp2"}
			passed, failed = validate(t, base, c.version, "3")
			t.Logf("level 3: %d passed, failed: %v", len(passed), failed)
			if c.version == "3.0" {
				// size_up wants ^max to be 1000 × 1000 and ^2000,3000 to be larger at one
				// time; ^max is the largest size that the limits allow (3.0 §4.2).
				broken = append(broken, "size_noup", "size_up")
			}
			for _, name := range failed {
				if !slices.Contains(broken, name) {
					t.Errorf("level 3: %s failed", name)
				}
			}
			if len(passed) != c.level3 {
				t.Errorf("level 3: %d passed, want %d", len(passed), c.level3)
			}
		})
	}
}
