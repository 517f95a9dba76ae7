package queue

import (
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func TestLocator(t *testing.T) {
	plain, err := source.NewLayout(source.LayoutConfig{})
	if err != nil {
		t.Fatal(err)
	}
	dressed, err := source.NewLayout(source.LayoutConfig{Scheme: "nested 1", Prefix: "images/", Suffix: "_master.tif", SlashSubstitute: "--"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		l             Locator
		key           string // of the bucket
		id, sourceKey string // "" for none
		foreign       bool
	}{
		{Locator{Layout: plain, Bucket: "b"}, "a b/ü+.jpg", "a b/ü+.jpg", "a b/ü+.jpg", false},
		{Locator{Layout: plain, Bucket: "b", Prefix: "scans"}, "scans/a.jpg", "a.jpg", "a.jpg", false},
		{Locator{Layout: plain, Bucket: "b", Prefix: "scans/"}, "scans/x/a.jpg", "x/a.jpg", "x/a.jpg", false},
		{Locator{Layout: plain, Bucket: "b", Prefix: "scans"}, "scans2/a.jpg", "", "", false},
		{Locator{Layout: plain, Bucket: "b", Prefix: "scans"}, "a.jpg", "", "", false},
		{Locator{Layout: plain, Bucket: "b", Prefix: "scans"}, "scans", "", "", false},
		{Locator{Layout: plain, Bucket: "b"}, "folder/", "", "", false},
		{Locator{Layout: plain, Bucket: "b"}, "a/.hidden.jpg", "", "", false},
		{Locator{Layout: plain, Bucket: "b"}, "a//b.jpg", "", "", false},
		{Locator{Layout: plain, Bucket: "b"}, "../b.jpg", "", "", false},
		{Locator{Layout: plain, Bucket: "b", Own: "pyramids/"}, "pyramids/a.jpg.tif", "", "", false},
		{Locator{Layout: plain, Bucket: "b", Own: "pyramids/"}, "pyramids.tif", "pyramids.tif", "pyramids.tif", false},
		{Locator{Layout: dressed, Bucket: "b", Prefix: "p"}, "p/images/maps/at/atlas_master.tif", "maps--atlas", "images/maps/at/atlas_master.tif", false},
		{Locator{Layout: dressed, Bucket: "b", Prefix: "p"}, "p/images/maps/at/atlas_thumb.tif", "", "", false},
		{Locator{Layout: plain, Bucket: "c"}, "a.jpg", "", "", true},
	} {
		got, ok, err := c.l.Event(Event{"b", c.key})
		if fault.Is(err, fault.Invalid) != c.foreign || ok != (c.id != "") || got.ID.String() != c.id || got.Key != c.sourceKey || got.Wanted != ok {
			t.Errorf("%s: %+v, %v, %v", c.key, got, ok, err)
		}
	}
}

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"https://sqs.eu-central-1.amazonaws.com/123456789012/uploads":            {"", "https://sqs.eu-central-1.amazonaws.com", "eu-central-1"},
		"https://sqs.us-gov-west-1.amazonaws.com/1/q":                            {"", "https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
		"https://ap-southeast-2.queue.amazonaws.com/1/q":                         {"", "https://ap-southeast-2.queue.amazonaws.com", "ap-southeast-2"},
		"https://vpce-0a1b.sqs.us-east-2.vpce.amazonaws.com/1/q":                 {"", "https://vpce-0a1b.sqs.us-east-2.vpce.amazonaws.com", "us-east-2"},
		"http://localhost:9324/000000000000/uploads":                             {"", "http://localhost:9324", ""},
		"http://sqs.us-east-1.localhost.localstack.cloud:4566/000000000000/test": {"", "http://sqs.us-east-1.localhost.localstack.cloud:4566", "us-east-1"},
	} {
		want.url = text
		if got, err := ParseAddress(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "uploads", "https://sqs.eu-central-1.amazonaws.com", "https://sqs.eu-central-1.amazonaws.com/", "ftp://h/1/q",
		"https://h/1/q?x=1", "https://u:p@h/1/q", "arn:aws:sqs:eu-central-1:123456789012:uploads", "https:///1/q"} {
		if got, err := ParseAddress(text); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}
