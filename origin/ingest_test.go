package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/wasm/jpeg"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

func testSheet(t *testing.T, w, h int) []byte {
	t.Helper()
	m := pixel.New(pixel.YCbCr, w, h, 2, 2, false)
	for i := range m.Planes[0].Pix {
		m.Planes[0].Pix[i] = byte(i >> 3)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, jpeg.EncodeOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func plant(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func pyramids(t *testing.T, store string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(store, "pyramids", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i] = filepath.Base(list[i])
	}
	return strings.Join(list, " ")
}

// TestIngest: folders, files and the configured source; what is there is left
// alone; a failure is named, and does not stop the others.
func TestIngest(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, store := t.TempDir(), filepath.Join(t.TempDir(), "store")
	plant(t, dir, map[string][]byte{
		"a.jpg": testSheet(t, 700, 500), "maps/b one.jpg": testSheet(t, 60, 50), "maps/deep/c.jpg": testSheet(t, 600, 40),
		"notes.txt": []byte("no image"), ".hidden.jpg": testSheet(t, 20, 20),
	})
	code, out, errs := vitrine(t, nil, "ingest", dir, "--store", store, "--dry-run")
	if code != 0 || errs != "" || !strings.Contains(out, "a.jpg: would be ingested: jpg, 700 × 500") || !strings.Contains(out, "3 to be ingested, 0 there already, 0 failed") {
		t.Errorf("dry run: exit %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(store); !os.IsNotExist(err) {
		t.Errorf("the dry run made the store: %v", err)
	}
	// A subfolder first: below --source identifiers are those of --source.
	code, out, errs = vitrine(t, []string{"VITRINE_STORE=" + store}, "ingest", "--source", dir, filepath.Join(dir, "maps"))
	if code != 0 || errs != "" || !strings.Contains(out, "2 ingested (2 lossless), 0 there already, 0 failed") {
		t.Errorf("subfolder: exit %d\n%s%s", code, out, errs)
	}
	code, out, errs = vitrine(t, nil, "ingest", "--source", dir, "--store", store)
	if code != 0 || errs != "" || !strings.Contains(out, "1 ingested (1 lossless), 2 there already, 0 failed") {
		t.Errorf("source: exit %d\n%s%s", code, out, errs)
	}
	if made := pyramids(t, store); made != "a.jpg.tif maps%2Fb%20one.jpg.tif maps%2Fdeep%2Fc.jpg.tif" {
		t.Errorf("the store holds %s", made)
	}
	plant(t, dir, map[string][]byte{"bad.jpg": []byte("not an image"), "cut.jpg": testSheet(t, 900, 900)[:3000], "z.jpg": testSheet(t, 30, 30)})
	code, out, errs = vitrine(t, nil, "ingest", dir, filepath.Join(dir, "z.jpg"), filepath.Join(dir, "absent.jpg"), "--store", store, "--jobs", "3", "--quality=90")
	if code != 1 || !strings.Contains(out, "1 ingested (1 lossless), 3 there already, 3 failed") {
		t.Errorf("failures: exit %d\n%s%s", code, out, errs)
	}
	for _, name := range []string{"bad.jpg", "cut.jpg", "absent.jpg"} {
		if !strings.Contains(errs, name+": ") {
			t.Errorf("the failure of %s is not told:\n%s", name, errs)
		}
	}
	if code, out, _ := vitrine(t, nil, "ingest", filepath.Join(dir, "a.jpg"), "--store", store, "--force"); code != 0 || !strings.Contains(out, "1 ingested") {
		t.Errorf("forced: exit %d\n%s", code, out)
	}
}

func TestIngestMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := t.TempDir()
	for want, args := range map[string][]string{
		"store: say where":             {dir},
		"src: say what":                {"--store", dir},
		"quality: 101 is not":          {dir, "--store", dir, "--quality", "101"},
		"jobs: -1 is not":              {dir, "--store", dir, "--jobs=-1"},
		"neither a folder nor s3":      {dir, "--store", "https://example.org/x"},
		"unknown flag --nonsense":      {dir, "--store", dir, "--nonsense"},
		"memory: 1 bytes are too few;": {dir, "--store", dir, "--memory", "1"},
	} {
		if code, _, errs := vitrine(t, nil, append([]string{"ingest"}, args...)...); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
	if code, _, errs := vitrine(t, nil, "ingest", dir, "--store", filepath.Join(dir, "s")); code != 1 || !strings.Contains(errs, "no images there") {
		t.Errorf("an empty folder: exit %d: %s", code, errs)
	}
}

// TestIngestBucket: from a bucket to a bucket, by prefix and by object.
func TestIngestBucket(t *testing.T) {
	s3 := s3test.Start(t)
	t.Chdir(t.TempDir())
	s3.Put(t, "scans/a.jpg", testSheet(t, 600, 500))
	s3.Put(t, "scans/sub/b.jpg", testSheet(t, 60, 50))
	environ := []string{"VITRINE_S3_ENDPOINT=" + s3.Endpoint, "VITRINE_S3_ACCESS_KEY=" + s3.Access, "VITRINE_S3_SECRET_KEY=" + s3.Secret, "VITRINE_S3_PATH_STYLE=true"}
	base := "s3://" + s3.Bucket
	code, out, errs := vitrine(t, environ, "ingest", base+"/scans", "--store", base+"/kept")
	if code != 0 || !strings.Contains(out, "2 ingested (2 lossless), 0 there already") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	code, out, errs = vitrine(t, environ, "ingest", base+"/scans/sub/b.jpg", "--source", base+"/scans", "--store", base+"/kept")
	if code != 0 || !strings.Contains(out, "0 ingested (0 lossless), 1 there already") {
		t.Errorf("one: exit %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(s3.Dir, s3.Bucket, "kept", "pyramids", "sub%2Fb.jpg.tif")); err != nil {
		t.Error(err)
	}
	s3.Stop()
	code, _, errs = vitrine(t, append(environ, "VITRINE_SOURCE_TIMEOUT=1s"), "ingest", base+"/scans/a.jpg", "--store", t.TempDir())
	if code != 1 || !strings.Contains(errs, "a.jpg: ") {
		t.Errorf("outage: exit %d\n%s", code, errs)
	}
}

// TestIngestR2: from a folder to R2 as a source of S3 images is set too, and from R2
// to R2.
func TestIngestR2(t *testing.T) {
	r2 := s3test.StartIn(t, "auto")
	t.Chdir(t.TempDir())
	dir := t.TempDir()
	write(t, dir, "a.jpg", testSheet(t, 600, 500))
	environ := []string{
		"VITRINE_R2_ENDPOINT=" + r2.Endpoint, "VITRINE_R2_ACCESS_KEY=" + r2.Access, "VITRINE_R2_SECRET_KEY=" + r2.Secret,
		"VITRINE_S3_ACCESS_KEY=another", "VITRINE_S3_SECRET_KEY=altogether",
	}
	code, out, errs := vitrine(t, environ, "ingest", dir, "--store", "r2://"+r2.Bucket)
	if code != 0 || !strings.Contains(out, "1 ingested (1 lossless), 0 there already") {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if _, err := os.Stat(filepath.Join(r2.Dir, r2.Bucket, "pyramids", "a.jpg.tif")); err != nil {
		t.Error(err)
	}
	r2.Put(t, "scans/b.jpg", testSheet(t, 60, 50))
	code, out, errs = vitrine(t, environ, "ingest", "r2://"+r2.Bucket+"/scans", "--store", "r2://"+r2.Bucket)
	if code != 0 || !strings.Contains(out, "1 ingested (1 lossless), 0 there already") {
		t.Errorf("from R2: exit %d\n%s%s", code, out, errs)
	}
}

// TestIngestInterrupted: an interrupt ends it with a status, and what is left is
// said.
func TestIngestInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	dir := t.TempDir()
	plant(t, dir, map[string][]byte{"a.jpg": testSheet(t, 700, 500), "b.jpg": testSheet(t, 700, 500)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	code := run(ctx, []string{"ingest", dir, "--store", t.TempDir()}, nil, &out, &errs)
	if code != 1 || !strings.Contains(errs.String(), dir) && !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("exit %d\n%s%s", code, &out, &errs)
	}
}

// TestServeFromStore: what was ingested is served from its pyramid, byte for byte,
// also while the source's pixels would say the same by decoding.
func TestServeFromStore(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	write(t, dir, "a.jpg", tinyJPEG(t, 1300, 900))
	if code, _, errs := vitrine(t, nil, "ingest", "--source", dir, "--store", kept); code != 0 {
		t.Fatalf("ingest: exit %d: %s", code, errs)
	}
	base := start(t, "--source", dir, "--store", kept)
	file, err := os.ReadFile(filepath.Join(kept, "pyramids", "a.jpg.tif"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tile := range []string{"0,0,512,512/512,512", "1024,512,276,388/276,388", "0,0,1024,900/512,450", "full/163,113"} {
		status, _, body := get(t, base+"/iiif/3/a.jpg/"+tile+"/0/default.jpg")
		if status != 200 || !bytes.Contains(file, body) {
			t.Errorf("%s: status %d, %d bytes that are not in the pyramid", tile, status, len(body))
		}
	}
	// A changed source is served from its own pixels.
	write(t, dir, "a.jpg", tinyJPEG(t, 1310, 900))
	if _, _, body := get(t, base+"/iiif/3/a.jpg/info.json"); !bytes.Contains(body, []byte("1310")) {
		t.Errorf("after the change: %s", body)
	}
}
