package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// vitrine runs the command line in a folder of its own and returns its output.
func vitrine(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, environ, &out, &errs)
	return code, out.String(), errs.String()
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "vitrine.toml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestConfigOrder: a flag wins over the environment, that over the file, that
// over the default, and each value says where it is from.
func TestConfigOrder(t *testing.T) {
	file := writeConfig(t, "queue = 10\njpeg-quality = 70\nwebp-quality = 60\nidentifier-extensions = ['tif', 'jpg']\n[s3]\nregion = 'auto'\npath-style = true\n")
	code, out, errs := vitrine(t, []string{"VITRINE_JPEG_QUALITY=71", "VITRINE_WEBP_QUALITY=61", "VITRINE_S3_SECRET_KEY=hush", "VITRINE_S3_ACCESS_KEY=me",
		"VITRINE_R2_SECRET_KEY=hush", "VITRINE_R2_ACCESS_KEY=me", "VITRINE_EDGE_SECRET=hush-hush-hush-hush,hush-hush-hush-hush-2"},
		"config", "--config", file, "--webp-quality=62", "--memory", "1GiB")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{
		"webp-quality = 62|flag --webp-quality", "memory = '1GiB'|flag --memory",
		"jpeg-quality = 71|environment VITRINE_JPEG_QUALITY", "queue = 10|" + file,
		"s3-region = 'auto'|" + file, "s3-path-style = true|" + file,
		"identifier-extensions = ['tif', 'jpg']|" + file,
		"listen = '127.0.0.1:8182'|default", "background = '#ffffff'|default",
		`# s3-secret-key is set|environment VITRINE_S3_SECRET_KEY`,
		`# r2-secret-key is set|environment VITRINE_R2_SECRET_KEY`,
		`# edge-secret is set|environment VITRINE_EDGE_SECRET`,
	} {
		value, from, _ := strings.Cut(want, "|")
		found := false
		for line := range strings.Lines(out) {
			v, f, _ := strings.Cut(strings.TrimSpace(line), "  # ")
			found = found || strings.TrimSpace(v) == value && f == from
		}
		if !found {
			t.Errorf("no line %q from %q in\n%s", value, from, out)
		}
	}
	if strings.Contains(out, "hush") {
		t.Error("the secret is printed")
	}
	// What config prints is a configuration file, but for secrets.
	if code, again, errs := vitrine(t, []string{"VITRINE_S3_SECRET_KEY=hush", "VITRINE_R2_SECRET_KEY=hush"}, "config", "--config", writeConfig(t, out)); code != 0 || !strings.Contains(again, "webp-quality = 62") {
		t.Errorf("the printed settings do not load: exit %d: %s", code, errs)
	}
	_, plain, _ := vitrine(t, nil, "config")
	if code, again, errs := vitrine(t, nil, "config", "--config", writeConfig(t, plain)); code != 0 || strings.Contains(again, "is set") {
		t.Errorf("the default settings do not load: exit %d: %s\n%s", code, errs, again)
	}
}

// TestConfigMistakes: all mistakes of all layers are named in one run.
func TestConfigMistakes(t *testing.T) {
	file := writeConfig(t, "qeue = 10\njpeg-quality = 'high'\nmax_area = 5\ns3-prefix = 'x'\nrights = 'no uri'\n[s3]\nnonsense = 1\nregion = ['a', 'b']\n")
	code, _, errs := vitrine(t, []string{"VITRINE_MEMORY=lots", "VITRINE_LOGLEVEL=debug", "VITRINE_FILTER=bicubic", "VITRINE_TRUSTED_PROXIES=10.0.0.0/99,::1"},
		"config", "--config", file, "--sharpen=11", "--nonsense=1", "--queue", "many", "--listen=nowhere", "--public-url=ftp://x", "--icc=cmyk", "--background=nocolour", "--cache-max=1", "--drain-timeout=-5s",
		"--edge-secret=long enough to be one,short-and-secret", "--store=r2://pyramids", "--r2-account-id=me", "--r2-access-key=alone")
	if code != 2 {
		t.Fatalf("exit %d, want 2", code)
	}
	for _, want := range []string{
		"qeue: unknown key (did you mean queue?)", "jpeg-quality:", "max_area: unknown key (did you mean max-area?)",
		"s3-nonsense: unknown key", "s3-region: takes one value", "VITRINE_MEMORY: \"lots\" is not a size",
		"VITRINE_LOGLEVEL: unknown variable", "VITRINE_FILTER: \"bicubic\" is not one of lanczos3",
		"trusted-proxies: \"10.0.0.0/99\"", "sharpen: 11", "unknown flag --nonsense", "--queue", "listen: \"nowhere\"",
		"public-url: \"ftp://x\"", "--icc", "--background", "cache-max: 1", "drain-timeout: -5s", "rights: \"no uri\"",
		"edge-secret: takes at least 16", "r2-account-id: the R2 account must be an account ID", "r2-access-key: the access key and the secret key",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not among the complaints:\n%s", want, errs)
		}
	}
	for line := range strings.Lines(errs) {
		if strings.Contains(line, "short-and-secret") {
			t.Errorf("a complaint shows a secret: %q", line)
		}
		if !strings.HasPrefix(line, "vitrine: ") {
			t.Errorf("a complaint goes over two lines: %q", line)
		}
	}
}

func TestConfigFile(t *testing.T) {
	if code, _, errs := vitrine(t, nil, "config", "--config", filepath.Join(t.TempDir(), "absent.toml")); code != 2 || !strings.Contains(errs, "absent.toml") {
		t.Errorf("absent file: exit %d: %s", code, errs)
	}
	bad := writeConfig(t, "listen = \n")
	if code, _, errs := vitrine(t, nil, "config", "--config", bad); code != 2 || !strings.Contains(errs, "vitrine.toml:1:") {
		t.Errorf("syntax error: exit %d: %s", code, errs)
	}
	// Without --config the file of the current folder is used if it is there.
	t.Chdir(t.TempDir())
	if code, _, errs := vitrine(t, nil, "config"); code != 0 {
		t.Errorf("no file: exit %d: %s", code, errs)
	}
	if err := os.WriteFile("vitrine.toml", []byte("title = 'Our maps'"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, out, _ := vitrine(t, nil, "config"); !strings.Contains(out, "title = 'Our maps'") {
		t.Errorf("vitrine.toml is not read:\n%s", out)
	}
}

func TestHelpAndVersion(t *testing.T) {
	code, out, _ := vitrine(t, nil, "serve", "--help")
	if code != 0 || !strings.Contains(out, "--public-url") || !strings.Contains(out, "VITRINE_PUBLIC_URL") {
		t.Errorf("help: exit %d:\n%s", code, out)
	}
	if code, out, _ := vitrine(t, nil, "--version"); code != 0 || !strings.Contains(out, "go1.") {
		t.Errorf("version: exit %d: %s", code, out)
	}
}

func TestByteSize(t *testing.T) {
	for text, want := range map[string]byteSize{"0": 0, "4096": 4096, "512MiB": 512 << 20, "10 GB": 10e9, "1kB": 1000, "2TiB": 2 << 40, "7B": 7} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%q: %d, %v; want %d", text, b, err, want)
		}
		again, _ := b.MarshalText()
		var c byteSize
		if err := c.UnmarshalText(again); err != nil || c != b {
			t.Errorf("%q is written as %q, which reads as %d", text, again, c)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "1.5GiB", "9999999999TiB", "1 PB"} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken as %d", text, b)
		}
	}
}
