package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
)

// TestIngestRefused: what cannot have an identifier or cannot be read is named and
// fails the run, and the others are ingested all the same.
func TestIngestRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, store := t.TempDir(), t.TempDir()
	sheet := testSheet(t, 60, 50)
	plant(t, dir, map[string][]byte{
		"a.jpg": sheet, "z.jpg": sheet, "back\\slash.jpg": sheet, "tab\t.jpg": sheet, "\xe9t\xe9.jpg": sheet, // Latin-1
		"\xe9t\xe9/inside.jpg": sheet, "notes.txt": []byte("x"), "b\u0085.jpg": sheet,
	})
	outside := t.TempDir()
	plant(t, outside, map[string][]byte{"o.jpg": sheet})
	for link, target := range map[string]string{
		"out.jpg": filepath.Join(outside, "o.jpg"), "album": outside, "gone.jpg": "nothing.jpg", "text": "notes.txt",
	} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := vitrine(t, nil, "ingest", dir, "--store", store)
	if code != 1 || !strings.Contains(out, "2 ingested (2 lossless), 0 there already, 8 failed") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	for _, name := range []string{
		`back\slash.jpg: `, `"tab\t.jpg": `, `"\xe9t\xe9.jpg": `, `"\xe9t\xe9": `, `"b\u0085.jpg": `, "out.jpg: ", "album: ", "gone.jpg: ",
	} {
		if !strings.Contains(errs, "vitrine: "+name) {
			t.Errorf("%s is not named:\n%s", name, errs)
		}
	}
	if made := pyramids(t, store); made != "a.jpg.tif z.jpg.tif" {
		t.Errorf("the store holds %s", made)
	}
}

// TestIngestLayout: an image that no identifier leads to does not hide those behind
// it.
func TestIngestLayout(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, store := t.TempDir(), t.TempDir()
	sheet := testSheet(t, 60, 50)
	plant(t, dir, map[string][]byte{"ab/cd/abcdef.jpg": sheet, "stray.jpg": sheet, "xy/zz/xyzzy.jpg": sheet})
	code, out, errs := vitrine(t, nil, "ingest", "--source", dir, "--store", store, "--identifier-layout", "nested 2")
	if code != 1 || !strings.Contains(out, "2 ingested (2 lossless), 0 there already, 1 failed") || !strings.Contains(errs, "vitrine: stray.jpg: ") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
}

// TestIngestSameIdentifier: of two images of one identifier, the second is a failure;
// the same image twice is not.
func TestIngestSameIdentifier(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	plant(t, dir, map[string][]byte{"one/1.jpg": testSheet(t, 60, 50), "two/1.jpg": testSheet(t, 70, 50)})
	code, out, errs := vitrine(t, nil, "ingest", "one", "two", "--store", "kept")
	if code != 1 || !strings.Contains(out, "1 ingested (1 lossless), 0 there already, 1 failed") || !strings.Contains(errs, "another image has the identifier 1.jpg") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	code, out, errs = vitrine(t, nil, "ingest", "one", filepath.Join(dir, "one"), "./one/1.jpg", "--store", "kept")
	if code != 0 || !strings.Contains(out, "0 ingested (0 lossless), 1 there already, 0 failed") {
		t.Errorf("the same: exit %d\n%s%s", code, out, errs)
	}
}

// TestIngestStoreInside: a store inside of the source is no source of pyramids of
// pyramids, however often it is run.
func TestIngestStoreInside(t *testing.T) {
	for _, store := range []string{"images/kept", "images", "./images/a/b"} {
		dir := t.TempDir()
		t.Chdir(dir)
		plant(t, dir, map[string][]byte{"images/a.jpg": testSheet(t, 600, 500)})
		for _, source := range []string{"images", filepath.Join(dir, "images"), "images"} {
			code, out, errs := vitrine(t, nil, "ingest", "--source", source, "--store", store, "--force")
			if code != 0 || !strings.Contains(out, "1 ingested (1 lossless), 0 there already, 0 failed") {
				t.Errorf("%s in %s: exit %d\n%s%s", store, source, code, out, errs)
			}
		}
		code, _, errs := vitrine(t, nil, "ingest", filepath.Join(store, "pyramids/a.jpg.tif"), "--source", "images", "--store", store)
		if code != 1 || !strings.Contains(errs, "it is in the store") {
			t.Errorf("a pyramid by name: exit %d: %s", code, errs)
		}
		if made := pyramids(t, store); made != "a.jpg.tif" {
			t.Errorf("the store holds %s", made)
		}
	}
	s3 := s3test.Start(t)
	s3.Put(t, "scans/a.jpg", testSheet(t, 600, 500))
	environ := []string{"VITRINE_S3_ENDPOINT=" + s3.Endpoint, "VITRINE_S3_ACCESS_KEY=" + s3.Access, "VITRINE_S3_SECRET_KEY=" + s3.Secret, "VITRINE_S3_PATH_STYLE=true"}
	bucket := "s3://" + s3.Bucket
	for want := range 2 {
		code, out, errs := vitrine(t, environ, "ingest", "--source", bucket, "--store", bucket)
		if code != 0 || !strings.Contains(out, fmt.Sprintf("%d ingested (%d lossless), %d there already, 0 failed", 1-want, 1-want, want)) {
			t.Errorf("bucket, %d: exit %d\n%s%s", want, code, out, errs)
		}
	}
}

// TestIngestConfined: in a control group that allows less than --memory, an image that
// needs more is refused, and the others are ingested; the kernel ends nothing.
func TestIngestConfined(t *testing.T) {
	group := memoryGroup(t, container)
	if group == "" {
		t.Skip("no memory cgroup can be made here")
	}
	dir, store := t.TempDir(), t.TempDir()
	// Its coefficients are 572 MiB, which --memory alone would allow.
	blank := filepath.Join(t.TempDir(), "blank.v")
	tool(t, "vips", "black", blank, "10000", "10000", "--bands", "3")
	tool(t, "vips", "jpegsave", blank, filepath.Join(dir, "large.jpg"), "--interlace", "--subsample-mode", "off")
	plant(t, dir, map[string][]byte{"small.jpg": testSheet(t, 600, 500)})
	cmd := exec.Command("/bin/sh", "-c", `echo $$ >"$0" && exec "$@"`, filepath.Join(group, "cgroup.procs"), build(t), "ingest", dir, "--store", store)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if kills(t, group) != 0 || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(out.String(), "1 ingested (1 lossless), 0 there already, 1 failed") ||
		!strings.Contains(errs.String(), "large.jpg: ") {
		t.Errorf("%v, %d ended by the kernel\n%s%s", err, kills(t, group), &out, &errs)
	}
}
