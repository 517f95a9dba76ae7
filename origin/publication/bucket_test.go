package publication

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/manifests/presentation"
	"github.com/vitrine-iiif/vitrine/manifests/publish"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func open(t *testing.T, server *s3test.Server) *Bucket {
	t.Helper()
	b, err := Open(t.Context(), source.S3Config{Endpoint: server.Endpoint, PathStyle: true, AccessKey: server.Access, Secret: server.Secret,
		Bucket: server.Bucket, Prefix: "site"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func doc(path, body string) presentation.Document {
	return presentation.Document{Path: path, MediaType: presentation.JSONType, Body: []byte(body)}
}

func paths(t *testing.T, target publish.Target) (list []string) {
	t.Helper()
	for s, err := range target.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s.Path)
	}
	slices.Sort(list)
	return list
}

// TestTargets holds the bucket and the folder to the same contract.
func TestTargets(t *testing.T) {
	folder, err := publish.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for name, target := range map[string]publish.Target{"folder": folder, "bucket": open(t, s3test.Start(t))} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			if _, _, err := target.Get(ctx, "a.json"); fault.KindOf(err) != fault.NotFound {
				t.Errorf("a missing document: %v", err)
			}
			if err := target.Swap(ctx, doc("a.json", "1"), ""); err != nil {
				t.Fatal(err)
			}
			if err := target.Swap(ctx, doc("a.json", "2"), ""); fault.KindOf(err) != fault.Conflict {
				t.Errorf("a swap with what is there already: %v", err)
			}
			body, version, err := target.Get(ctx, "a.json")
			if err != nil || string(body) != "1" {
				t.Fatalf("%q %v", body, err)
			}
			if err := target.Put(ctx, doc("a.json", "3")); err != nil {
				t.Fatal(err)
			}
			if err := target.Swap(ctx, doc("a.json", "4"), version); fault.KindOf(err) != fault.Conflict {
				t.Errorf("a swap of an old version: %v", err)
			}
			if err := target.Put(ctx, doc("b/č d.json", "5")); err != nil {
				t.Fatal(err)
			}
			if got := paths(t, target); !slices.Equal(got, []string{"a.json", "b/č d.json"}) {
				t.Errorf("list %q", got)
			}
			if err := target.Delete(ctx, []string{"b/č d.json", "never.json"}); err != nil {
				t.Fatal(err)
			}
			if got := paths(t, target); !slices.Equal(got, []string{"a.json"}) {
				t.Errorf("list %q", got)
			}
		})
	}
}

type items []item.Item

func (s items) Items(context.Context) iter.Seq2[item.Item, error] {
	return func(yield func(item.Item, error) bool) {
		for _, it := range s {
			if !yield(it, nil) {
				return
			}
		}
	}
}

// TestPublishToBucket runs whole publications, more documents than one listing or one
// deletion holds.
func TestPublishToBucket(t *testing.T) {
	server := s3test.Start(t)
	target := open(t, server)
	b, err := presentation.New(presentation.Config{Base: "https://m.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	var all items
	for i := range 1100 {
		all = append(all, item.Item{Name: fmt.Sprintf("i%04d", i), Ref: fmt.Sprint("row ", i), Label: item.Plain("en", "x"),
			Pages: []item.Page{{Image: item.Image{URL: "https://a.example.org/x.jpg", Width: 10, Height: 10}}}})
	}
	cfg := publish.Config{Source: all, Target: target, Builder: b, AllowDelete: true}
	rep, err := publish.Run(t.Context(), cfg)
	if err != nil || len(rep.Added) != len(all) {
		t.Fatalf("%v: %d added, %d failed", err, len(rep.Added), len(rep.Failures))
	}
	if rep, err = publish.Run(t.Context(), cfg); err != nil || rep.Written != 0 || rep.Unchanged != len(all) {
		t.Fatalf("%v: %d written, %d unchanged", err, rep.Written, rep.Unchanged)
	}
	cfg.Source = all[:3]
	if rep, err = publish.Run(t.Context(), cfg); err != nil || rep.Deleted != len(all)-3 {
		t.Fatalf("%v: %d deleted", err, rep.Deleted)
	}
	if got := paths(t, target); len(got) != 4 {
		t.Errorf("the bucket has %q", got)
	}
}
