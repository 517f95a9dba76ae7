package conformance

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// validatorPackages are the official IIIF image validator and what it needs.
var validatorPackages = []string{"iiif-validator==1.0.5", "bottle==0.13.4", "filemagic==1.6", "Pillow==11.3.0", "lxml==6.0.2"}

const validatorImage = "67352ccc-d1b0-11e1-89ae-279075081939"

// missing skips a test that lacks something; in CI it fails instead.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("VITRINE_CI") == "1" {
		t.Fatalf("missing in CI: %s", what)
	}
	t.Skipf("skipped, missing: %s", what)
}

// root returns the folder of the project, which holds go.mod.
func root(t testing.TB) string {
	t.Helper()
	for dir, err := os.Getwd(); ; dir = filepath.Dir(dir) {
		if err != nil || dir == filepath.Dir(dir) {
			t.Fatalf("this is not the project: %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
	}
}

// ValidatorImages returns a new folder with the image that Validate asks for, in a
// file of that name and ending, which may be "".
func ValidatorImages(t testing.TB, ending string) string {
	t.Helper()
	name := filepath.Join(root(t), "..", "shared", "images", validatorImage+".png")
	image, err := os.ReadFile(name)
	if err != nil {
		missing(t, "the validator's image "+name)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, validatorImage+ending), image, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// installValidator returns the validator's command, installed into .cache of the project.
func installValidator(t *testing.T) (python, script string) {
	t.Helper()
	venv := filepath.Join(root(t), ".cache", "validator-"+strings.TrimPrefix(validatorPackages[0], "iiif-validator=="))
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

// Validate runs the official validator against the server at base, which has the
// image of ValidatorImages, for a version ("2.0" or "3.0") and a level, and returns
// the names of the tests that passed and failed. only limits it to some tests.
func Validate(t *testing.T, base, version, level string, only ...string) (passed, failed []string) {
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
