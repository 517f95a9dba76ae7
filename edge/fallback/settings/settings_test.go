package settings

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	vars := map[string]string{
		"VITRINE_PUBLIC_URL": "https://iiif.example.org/maps", "ORIGIN_URL": "http://10.0.0.1:8182", "ORIGIN_SECRET": "sesame-open-sesame",
		"VITRINE_STORE_PREFIX": "/a/b/", "VITRINE_STYLE": "s", "ORIGIN_ATTEMPTS": "2", "ORIGIN_TIMEOUT_MS": "1500", "ORIGIN_TOTAL_MS": "4000", "STALE_MAX_AGE": "30",
		"WRITE_BACK": "true", "WRITE_BACK_MAX_BYTES": "2097152", "WRITE_BACK_MAX_PER_IMAGE": "7",
		"ADMIN_TOKEN": "t", "WARM": "a/b\n /c", "WARM_MAX": "9", "WARM_CONCURRENCY": "2", "PUBLISH_PATH": "/hooks/publish",
	}
	s, err := Parse(func(name string) string { return vars[name] })
	if err != nil {
		t.Fatal(err)
	}
	r, a := s.Relay, s.Admin
	if r.Public.Path != "/maps" || r.Origin.Host != "10.0.0.1:8182" || r.Secret != "sesame-open-sesame" || r.Attempts != 2 || r.Attempt != 1500*time.Millisecond ||
		r.Total != 4*time.Second || r.StaleFor != 30*time.Second || !r.Keep.On || r.Keep.MaxBytes != 2<<20 || r.Hold != 2<<20 || r.Keep.MaxPerImage != 7 || r.Style != "s" {
		t.Errorf("relay: %+v", r)
	}
	if a.Token != "t" || a.Prefix != "a/b/" || strings.Join(a.WarmList, "|") != "a/b|/c" || a.WarmMax != 9 || a.WarmConcurrency != 2 || a.PublishPath != "/hooks/publish" || !a.KeepsRendered {
		t.Errorf("admin: %+v", a)
	}
	// The least that is needed; all else is left to the packages.
	s, err = Parse(func(name string) string { return map[string]string{"VITRINE_PUBLIC_URL": "https://x"}[name] })
	if err != nil || s.Relay.Origin != nil || s.Relay.Attempts != 0 || s.Relay.Keep.On || s.Relay.Style == "" || s.Admin.Token != "" || s.Admin.Prefix != "" {
		t.Errorf("least: %+v, %v", s, err)
	}
}

// TestParseMistakes: all of them are named at once, and no secret is shown.
func TestParseMistakes(t *testing.T) {
	vars := map[string]string{
		"ORIGIN_URL": "ftp://x", "ORIGIN_SECRET": "with a space", "ADMIN_TOKEN": "tök", "ORIGIN_ATTEMPTS": "11", "ORIGIN_TIMEOUT_MS": "0", "ORIGIN_TOTAL_MS": "soon",
		"STALE_MAX_AGE": "-1", "WRITE_BACK": "maybe", "WRITE_BACK_MAX_PER_IMAGE": "1001", "WARM_CONCURRENCY": "7", "PUBLISH_PATH": "hooks",
	}
	_, err := Parse(func(name string) string { return vars[name] })
	if err == nil {
		t.Fatal("no mistake is found")
	}
	for name := range vars {
		if !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not named in\n%v", name, err)
		}
	}
	if !strings.Contains(err.Error(), "VITRINE_PUBLIC_URL: is missing") {
		t.Errorf("the public URL is not missed in\n%v", err)
	}
	for _, secret := range []string{"with a space", "tök"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is shown in\n%v", err)
		}
	}
}
