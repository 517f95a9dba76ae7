package table

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

func read(t *testing.T, text, group string) (items []item.Item, bad []string, end error) {
	t.Helper()
	s, err := New(Config{File: "t.csv", Group: group, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	if err != nil {
		t.Fatal(err)
	}
	for it, err := range s.Items(t.Context()) {
		switch {
		case err != nil && it.Ref == "":
			end = err
		case err != nil:
			bad = append(bad, it.Ref+": "+fault.Public(err))
		default:
			items = append(items, it)
		}
	}
	return items, bad, end
}

func TestRowsArePagesOfObjects(t *testing.T) {
	const text = "\ufeffobject;title;title[cs];image;page;chapter;order;creator;homepage;rights\r\n" +
		"book;A book;Kniha;b/2.tif;2r;;2;;;\r\n" +
		"map;A map;;m.jpg;;;;Anna; https://a.org/m ; https://a.org/n;CC0\r\n" + // a semicolon too many: the homepage has none
		"\r\n" +
		"book;;;b/1.tif;1r;Chapter one;1;\"Božena; Němcová\";https://a.org/b;CC BY 4.0\r\n" +
		"book;;;b/10.tif;3r;Chapter two;10;;;\r\n"
	items, bad, err := read(t, text, "")
	if err != nil || len(items) != 1 || len(bad) != 1 || !strings.Contains(bad[0], "more fields") {
		t.Fatalf("%d items, %q, %v", len(items), bad, err)
	}
	b := items[0]
	got := fmt.Sprintln(b.Name, b.Ref, b.Label, b.Pages[0].Image.ID, b.Pages[1].Image.ID, b.Pages[2].Image.ID, b.Pages[0].Label.First(), b.Metadata[0].Value.First(), b.Rights, b.Homepage[0].URL)
	if want := "book t.csv book map[cs:[Kniha] none:[A book]] b/1.tif b/2.tif b/10.tif 1r Božena; Němcová CC BY 4.0 https://a.org/b\n"; got != want {
		t.Errorf("%s", got)
	}
	if len(b.Ranges) != 2 || fmt.Sprint(b.Ranges[0].Pages, b.Ranges[1].Pages) != "[0 1] [2]" {
		t.Errorf("ranges %+v", b.Ranges)
	}
}

func TestRowsAreObjects(t *testing.T) {
	items, bad, err := read(t, "id,label,file,navDate,navPlace,collections\n7,Seven,7.jpg,1855-03,\"50.09, 14.42\",A/B; C\n8,Eight,,,,\n9,Nine,9.jpg,yesterday,,\n", "")
	if err != nil || len(items) != 1 || len(bad) != 2 {
		t.Fatalf("%d items, %q, %v", len(items), bad, err)
	}
	it := items[0]
	if got := fmt.Sprintln(it.Name, it.NavDate.Year(), string(it.NavPlace), it.Collections); got !=
		`7 1855 {"geometry":{"coordinates":[14.42,50.09],"type":"Point"},"properties":{},"type":"Feature"} [A/B C]`+"\n" {
		t.Error(got)
	}
	if !strings.Contains(bad[0], "no image") || !strings.Contains(bad[1], "yesterday") {
		t.Errorf("%q", bad)
	}
}

func TestNotATable(t *testing.T) {
	if _, _, err := read(t, "", ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an empty file: %v", err)
	}
	if _, bad, err := read(t, "name,label,file\na,\xff\xfe,b.jpg\n", ""); err != nil || len(bad) != 1 || !strings.Contains(bad[0], "UTF-8") {
		t.Errorf("latin text: %q %v", bad, err)
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte("object;title;image\na;b;c\n\"a;b\n"))
	f.Add([]byte("title[cs],title,title[,x]\n1,2,3,4,5\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := New(Config{File: "f.csv", Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }})
		if err != nil {
			t.Fatal(err)
		}
		for it, err := range s.Items(t.Context()) {
			if err == nil && (it.Ref == "" || len(it.Pages) == 0) {
				t.Fatalf("%+v", it)
			}
		}
	})
}
