package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/vitrine-iiif/vitrine/origin/queue/sqstest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
)

// gallerist is a running server with its counters.
type gallerist struct {
	*process
	admin string
}

// exhibit starts the real program with an administrator's listener.
func exhibit(t *testing.T, args ...string) gallerist {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := l.Addr().String()
	l.Close()
	return gallerist{launch(t, append(args, "--admin-listen", admin)...), "http://" + admin}
}

func (g gallerist) gauges(t *testing.T) map[string]int64 {
	t.Helper()
	var report struct{ Gauges map[string]int64 }
	_, _, body := get(t, g.admin+"/counters")
	if err := json.Unmarshal(body, &report); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return report.Gauges
}

// until waits until a gauge has a value and nothing is being made.
func (g gallerist) until(t *testing.T, name string, want int64) {
	t.Helper()
	eventually(t, name, func() bool {
		n := g.gauges(t)
		return n[name] == want && n["ingest_running"]+n["ingest_waiting"] == 0
	})
}

func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// infoWidth returns the width that info.json tells and whether it lists stored levels.
func (g gallerist) info(t *testing.T, id string) (status, width int, levels bool) {
	t.Helper()
	var info struct {
		Width int
		Sizes []struct{ Width int }
	}
	status, _, body := get(t, g.base+"/iiif/3/"+id+"/info.json")
	if status != 200 {
		return status, 0, false
	}
	if err := json.Unmarshal(body, &info); err != nil {
		t.Fatal(err)
	}
	return status, info.Width, len(info.Sizes) > 0
}

// TestAutomatic: the first touch of an image has its pyramid made, and the next
// request gets tiles that are stored in there, from the same process; so it is with
// an image that changed. What cannot be ingested is tried once, what is too small
// never.
func TestAutomatic(t *testing.T) {
	for _, kind := range []string{"folder", "bucket"} {
		t.Run(kind, func(t *testing.T) {
			var args []string
			var put func(name string, data []byte)
			var stored func(name string) []byte
			switch kind {
			case "folder":
				dir, kept := t.TempDir(), t.TempDir()
				args = []string{"--source", dir, "--store", kept}
				put = func(name string, data []byte) {
					temp := filepath.Join(t.TempDir(), name)
					plant(t, filepath.Dir(temp), map[string][]byte{name: data})
					if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
						t.Fatal(err)
					}
				}
				stored = func(name string) []byte {
					data, _ := os.ReadFile(filepath.Join(kept, "pyramids", name+".tif"))
					return data
				}
			case "bucket":
				server := s3test.Start(t)
				base := "s3://" + server.Bucket
				args = []string{"--source", base + "/scans", "--store", base + "/kept", "--s3-endpoint", server.Endpoint, "--s3-path-style",
					"--s3-access-key", server.Access, "--s3-secret-key", server.Secret, "--source-ttl", "0s"}
				put = func(name string, data []byte) { server.Put(t, "scans/"+name, data) }
				stored = func(name string) []byte {
					answer, err := server.Client().GetObject(t.Context(), &s3.GetObjectInput{
						Bucket: &server.Bucket, Key: aws.String("kept/pyramids/" + name + ".tif"),
					})
					if err != nil {
						return nil
					}
					defer answer.Body.Close()
					data, err := io.ReadAll(answer.Body)
					if err != nil {
						t.Fatal(err)
					}
					return data
				}
			}
			put("a.jpg", testSheet(t, 2000, 1200))
			put("small.jpg", testSheet(t, 900, 900))
			put("bad.jpg", testSheet(t, 2000, 1200)[:2000])
			g := exhibit(t, append(args, "--ingest-automatic")...)

			for i, width := range []int{2000, 2100} {
				if i > 0 {
					put("a.jpg", testSheet(t, width, 1200))
				}
				tile := g.base + "/iiif/3/a.jpg/0,0,1024,1024/512,512/0/default.jpg"
				if status, _, body := get(t, tile); status != 200 || bytes.Contains(stored("a.jpg"), body) {
					t.Errorf("before the pyramid of %d: %d, %d bytes", width, status, len(body))
				}
				g.until(t, "ingest_made", int64(i+1))
				if status, _, body := get(t, tile); status != 200 || !bytes.Contains(stored("a.jpg"), body) {
					t.Errorf("after the pyramid of %d: status %d, or the tile is not stored", width, status)
				}
				if _, w, levels := g.info(t, "a.jpg"); w != width || !levels {
					t.Errorf("info.json: %d wide, want %d; levels %v", w, width, levels)
				}
			}

			for range 3 {
				if status, _, _ := g.info(t, "small.jpg"); status != 200 {
					t.Errorf("small: %d", status)
				}
				get(t, g.base+"/iiif/3/bad.jpg/full/100,/0/default.jpg")
				g.until(t, "ingest_skipped", 1)
				g.until(t, "ingest_failed", 1)
			}
			if n := g.gauges(t); n["ingest_made"] != 2 || n["ingest_refused"] != 0 {
				t.Errorf("%v", n)
			}
			if stored("small.jpg") != nil || stored("bad.jpg") != nil {
				t.Error("a pyramid that should not be")
			}
		})
	}
}

// TestAutomaticStops: other images are served while a large one is ingested, and a
// signal ends the program soon and leaves nothing half done.
func TestAutomaticStops(t *testing.T) {
	dir, kept := t.TempDir(), t.TempDir()
	plant(t, dir, map[string][]byte{"large.jpg": testSheet(t, 12000, 12000), "a.png": tinyPNG(t, 300, 200)})
	g := exhibit(t, "--source", dir, "--store", kept, "--ingest-automatic")
	g.info(t, "large.jpg")
	served := 0
	for g.gauges(t)["ingest_running"] == 1 && served < 20 {
		if status, _, _ := get(t, fmt.Sprintf("%s/iiif/3/a.png/full/%d,/0/default.jpg", g.base, 100+served)); status != 200 {
			t.Errorf("meanwhile: %d", status)
		}
		served++
	}
	if served == 0 {
		t.Error("it was not ingested in the background")
	}
	if err := g.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-g.exit:
		if err != nil {
			t.Errorf("exit: %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Error("the program does not end")
	}
	for _, name := range strings.Fields(pyramids(t, kept)) {
		if name != "large.jpg.tif" {
			t.Errorf("left behind: %s", name)
		}
	}
}

// courier is a bucket whose events go to a queue, both of moto.
type courier struct {
	t      *testing.T
	server *sqstest.Server
	queue  string
	args   []string
}

const courierBucket = "pictures"

// newCourier makes a bucket with images below scans and pyramids below scans/kept, so
// that pyramids cause events as well.
func newCourier(t *testing.T) *courier {
	c := &courier{t: t, server: sqstest.Start(t)}
	url, arn := c.server.Queue(t, "uploads", nil)
	c.queue = url
	bucket := aws.String(courierBucket)
	if _, err := c.server.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket}); err != nil {
		t.Fatal(err)
	}
	_, err := c.server.S3().PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket: bucket,
		NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: []types.QueueConfiguration{
			{QueueArn: &arn, Events: []types.Event{"s3:ObjectCreated:*", "s3:ObjectRemoved:*"}},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	base := "s3://" + courierBucket + "/scans"
	c.args = []string{"--source", base, "--store", base + "/kept", "--s3-endpoint", c.server.Endpoint, "--s3-path-style",
		"--s3-access-key", c.server.Access, "--s3-secret-key", c.server.Secret, "--ingest-events", url}
	return c
}

func (c *courier) put(key string, data []byte) {
	c.t.Helper()
	_, err := c.server.S3().PutObject(c.t.Context(), &s3.PutObjectInput{Bucket: aws.String(courierBucket), Key: &key, Body: bytes.NewReader(data)})
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *courier) remove(key string) {
	c.t.Helper()
	if _, err := c.server.S3().DeleteObject(c.t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(courierBucket), Key: &key}); err != nil {
		c.t.Fatal(err)
	}
}

// pyramids returns the keys of the store below its folder.
func (c *courier) pyramids() string {
	c.t.Helper()
	prefix := "scans/kept/pyramids/"
	list, err := c.server.S3().ListObjectsV2(c.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(courierBucket), Prefix: &prefix})
	if err != nil {
		c.t.Fatal(err)
	}
	var keys []string
	for _, o := range list.Contents {
		keys = append(keys, strings.TrimPrefix(aws.ToString(o.Key), prefix))
	}
	return strings.Join(keys, " ")
}

// settled waits until all messages are done with, those that pyramids cause too.
func (c *courier) settled() {
	c.t.Helper()
	eventually(c.t, "the queue is empty", func() bool {
		visible, hidden := c.server.Count(c.t, c.queue)
		return visible+hidden == 0
	})
}

// TestWork: what is uploaded to a bucket gets a pyramid by the events that the bucket
// sends, what is removed loses it; a signal ends the worker.
func TestWork(t *testing.T) {
	c := newCourier(t)
	cmd := exec.Command(build(t), append([]string{"work", "--log-format=text"}, c.args...)...)
	var logs lockedBuffer
	cmd.Stderr = &logs
	c.put("scans/Blatt 1 + ä.jpg", testSheet(t, 700, 500))
	c.put("scans/sub/b.jpg", testSheet(t, 100, 80))
	c.put("scans/notes.txt", []byte("no image"))
	c.put("elsewhere/c.jpg", testSheet(t, 700, 500))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	c.settled()
	if got, want := c.pyramids(), "Blatt%201%20+%20%C3%A4.jpg.tif sub%2Fb.jpg.tif"; got != want {
		t.Errorf("the store has %s, want %s\n%s", got, want, logs.String())
	}
	c.remove("scans/sub/b.jpg")
	c.put("scans/d.jpg", testSheet(t, 700, 500))
	eventually(t, "a pyramid comes and one goes", func() bool { return c.pyramids() == "Blatt%201%20+%20%C3%A4.jpg.tif d.jpg.tif" })
	c.settled()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, logs.String())
	}
	if last := logs.String(); !strings.Contains(last, "made=3") || !strings.Contains(last, "removed=1") || !strings.Contains(last, "failed=0") {
		t.Errorf("the log says\n%s", last)
	}
}

// TestServeEvents: a server that gets the events serves an upload from its pyramid,
// and no longer knows what was removed, before source-ttl is over.
func TestServeEvents(t *testing.T) {
	c := newCourier(t)
	g := exhibit(t, append(c.args, "--source-ttl=1h")...)
	c.put("scans/a.jpg", testSheet(t, 2000, 1200))
	g.until(t, "ingest_made", 1)
	if _, w, levels := g.info(t, "a.jpg"); w != 2000 || !levels {
		t.Errorf("uploaded: %d wide, levels %v", w, levels)
	}
	c.put("scans/a.jpg", testSheet(t, 2100, 1200))
	g.until(t, "ingest_made", 2)
	if _, w, levels := g.info(t, "a.jpg"); w != 2100 || !levels {
		t.Errorf("replaced: %d wide, levels %v", w, levels)
	}
	c.remove("scans/a.jpg")
	g.until(t, "ingest_removed", 1)
	if status, _, _ := g.info(t, "a.jpg"); status != 404 || c.pyramids() != "" {
		t.Errorf("removed: status %d, the store has %q", status, c.pyramids())
	}
	c.settled()
	if n := g.gauges(t); n["events_failed"] != 0 || n["events_handled"] < 3 {
		t.Errorf("%v", n)
	}
}

func TestInside(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ images, kept, want string }{
		{"s3://bucket", "s3://bucket/kept", "kept/pyramids/"},
		{"s3://bucket/", "s3://bucket", "pyramids/"},
		{"s3://bucket/scans", "s3://bucket/scans/a/b", "a/b/pyramids/"},
		{"s3://bucket/scans", "s3://bucket", ""},
		{"s3://bucket/scans", "s3://bucket/scans2", ""},
		{"s3://bucket", "s3://bucket2", ""},
		{"s3://bucket", dir, ""},
		{"https://example.org/x", "s3://bucket", ""},
		{dir, filepath.Join(dir, "kept"), "kept/pyramids/"},
		{dir, dir, "pyramids/"},
		{filepath.Join(dir, "a"), filepath.Join(dir, "b"), ""},
	} {
		images, err1 := source.ParseSpec(c.images)
		kept, err2 := source.ParseSpec(c.kept)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if got := inside(kept, images); got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.kept, c.images, got, c.want)
		}
	}
}

// TestFitBeside: server and background together stay within what is allowed.
func TestFitBeside(t *testing.T) {
	for _, c := range []struct {
		automatic             bool
		allowed, left, beside int64 // MiB
	}{{true, 0, 0, 256}, {false, 1000, 1000, 256}, {true, 4096, 4096 - 256 - 16, 256}, {true, 512, 512 - 128 - 16, 128}, {true, 128, 128 - 64 - 16, 64}} {
		s := settings{Ingest: ingestSettings{Automatic: c.automatic, Memory: 256 << 20}}
		if left := s.fitBeside(c.allowed << 20); left != c.left<<20 || int64(s.Ingest.Memory) != c.beside<<20 {
			t.Errorf("%+v: %d left, %d for ingest", c, left>>20, int64(s.Ingest.Memory)>>20)
		}
	}
}

func TestWorkMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	events := "https://sqs.eu-central-1.amazonaws.com/123456789012/uploads"
	for want, args := range map[string][]string{
		"ingest-events: say which queue":                   {"work", "--source", "s3://bucket", "--store", "s3://kept"},
		"ingest-events: needs a source":                    {"work", "--source", ".", "--store", "s3://kept", "--ingest-events", events},
		"ingest-events: needs a store":                     {"serve", "--source", "s3://bucket", "--ingest-events", events},
		"ingest-events: the queue must be":                 {"serve", "--source", "s3://bucket", "--store", "s3://kept", "--ingest-events", "uploads"},
		"ingest-automatic: needs a store":                  {"serve", "--source", ".", "--ingest-automatic"},
		"ingest-workers: must be":                          {"serve", "--source", ".", "--ingest-workers=-1"},
		"ingest-memory: is too little; the least is 64MiB": {"serve", "--source", ".", "--ingest-memory=1MB"},
	} {
		if code, _, errs := vitrine(t, nil, args...); code == 0 || !strings.Contains(errs, want) {
			t.Errorf("%v: exit %d: %s", args, code, errs)
		}
	}
}
