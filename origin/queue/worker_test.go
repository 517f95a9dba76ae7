package queue

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/origin/ingest"
	"github.com/vitrine-iiif/vitrine/origin/queue/sqstest"
	"github.com/vitrine-iiif/vitrine/origin/source"
	"github.com/vitrine-iiif/vitrine/origin/source/s3test"
	"github.com/vitrine-iiif/vitrine/origin/store"
	"github.com/vitrine-iiif/vitrine/wasm/iiif"
)

// workerVariable makes this test program a worker; it holds the plan as JSON.
const workerVariable = "QUEUE_TEST_WORKER"

func TestMain(m *testing.M) {
	if text := os.Getenv(workerVariable); text != "" {
		var p plan
		err := json.Unmarshal([]byte(text), &p)
		if err == nil {
			ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
			defer stop()
			err = p.run(ctx, os.Stdout)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// plan is what a worker works with: images and pyramids in one bucket.
type plan struct {
	Queue      string
	S3         source.S3Config
	Visibility time.Duration
	Slow       time.Duration // each tile takes this much longer
}

// run is a worker. It prints a line when it begins with an image and when that is
// done.
func (p plan) run(ctx context.Context, out io.Writer) error {
	images, err := source.NewS3(ctx, p.S3)
	if err != nil {
		return err
	}
	defer images.Close()
	kept, err := p.store(ctx)
	if err != nil {
		return err
	}
	defer kept.Close()
	ingester, err := ingest.New(ingest.Config{Workers: 1, Yield: func(context.Context) { time.Sleep(p.Slow) }})
	if err != nil {
		return err
	}
	address, err := ParseAddress(p.Queue)
	if err != nil {
		return err
	}
	layout, err := source.NewLayout(source.LayoutConfig{})
	if err != nil {
		return err
	}
	locator := Locator{Layout: layout, Bucket: p.S3.Bucket, Prefix: p.S3.Prefix}
	maker := &Maker{Source: images, Store: kept, Ingester: ingester}
	var printing sync.Mutex
	print := func(words ...any) {
		printing.Lock()
		defer printing.Unlock()
		fmt.Fprintln(out, words...)
	}
	q := New(Config{Workers: 2, Done: func(t Task, r Result, err error, _ time.Duration) {
		if err != nil {
			print("failed", t.ID, err)
			return
		}
		print(r.Outcome, t.ID)
	}}, func(ctx context.Context, t Task) (Result, error) {
		print("begin", t.ID)
		return maker.Work(ctx, t)
	})
	l, err := NewListener(ctx, ListenerConfig{
		Queue: address, AccessKey: p.S3.AccessKey, Secret: p.S3.Secret, Parallel: 2,
		Visibility: p.Visibility, Retry: time.Second, Logger: slog.New(slog.DiscardHandler),
	}, func(e Event) error {
		t, ok, err := locator.Event(e)
		if !ok {
			return err
		}
		_, err = q.Do(t)
		return err
	})
	if err != nil {
		return err
	}
	var both sync.WaitGroup
	both.Go(func() { q.Run(ctx) })
	both.Go(func() { l.Run(ctx) })
	both.Wait()
	return nil
}

func (p plan) store(ctx context.Context) (*store.Store, error) {
	c := p.S3
	c.Bucket, c.Prefix = "", ""
	return store.Open(ctx, store.Config{Spec: "s3://" + p.S3.Bucket + "/kept", S3: c})
}

// yard is a bucket, a queue with a dead letter queue, and workers.
type yard struct {
	*plan
	t     *testing.T
	s3    *s3test.Server
	sqs   *sqstest.Server
	dead  string // URL
	store *store.Store

	mu    sync.Mutex
	lines []string // that workers printed
}

func newYard(t *testing.T) *yard {
	y := &yard{t: t, s3: s3test.Start(t), sqs: sqstest.Start(t)}
	dead, arn := y.sqs.Queue(t, "dead", nil)
	y.dead = dead
	url, _ := y.sqs.Queue(t, "uploads", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":"10"}`})
	y.plan = &plan{Queue: url, Visibility: 2 * time.Second, S3: source.S3Config{
		Bucket: y.s3.Bucket, Prefix: "scans", Endpoint: y.s3.Endpoint, Region: "us-east-1", PathStyle: true,
		AccessKey: y.s3.Access, Secret: y.s3.Secret,
	}}
	var err error
	if y.store, err = y.plan.store(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { y.store.Close() })
	return y
}

// upload puts an image into the bucket, and the event into the queue.
func (y *yard) upload(name string, data []byte) {
	y.t.Helper()
	y.s3.Put(y.t, "scans/"+name, data)
	y.sqs.Send(y.t, y.Queue, `{"Records":[`+record("ObjectCreated:Put", y.s3.Bucket, "scans%2F"+name)+`]}`)
}

// start starts a worker in a process of its own.
func (y *yard) start() *exec.Cmd {
	y.t.Helper()
	text, err := json.Marshal(y.plan)
	if err != nil {
		y.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerVariable+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		y.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			y.mu.Lock()
			y.lines = append(y.lines, lines.Text())
			y.mu.Unlock()
		}
	}()
	return cmd
}

// count returns how many lines that begin with a word were printed.
func (y *yard) count(word string) (n int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, l := range y.lines {
		if strings.HasPrefix(l, word+" ") {
			n++
		}
	}
	return n
}

// until waits for something that comes with time.
func (y *yard) until(what string, reached func() bool) {
	y.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			visible, hidden := y.sqs.Count(y.t, y.Queue)
			y.mu.Lock()
			defer y.mu.Unlock()
			y.t.Fatalf("never: %s (%d messages, %d hidden); printed %v", what, visible, hidden, y.lines)
		}
	}
}

func (y *yard) empty() bool {
	visible, hidden := y.sqs.Count(y.t, y.Queue)
	return visible+hidden == 0
}

// has reports whether the pyramid of an image is there, of the image's revision.
func (y *yard) has(name string) bool {
	y.t.Helper()
	id, err := iiif.NewIdentifier(name)
	if err != nil {
		y.t.Fatal(err)
	}
	p, err := y.store.Open(y.t.Context(), id)
	if err != nil {
		return false
	}
	defer p.Close()
	images, err := source.NewS3(y.t.Context(), y.S3)
	if err != nil {
		y.t.Fatal(err)
	}
	defer images.Close()
	obj, err := images.Open(y.t.Context(), name)
	if err != nil {
		y.t.Fatal(err)
	}
	defer obj.Close()
	return p.Index.Revision() == obj.Revision()
}

// TestFleet: two workers, twenty images, each made, few twice, no message left; an
// image that is removed loses its pyramid.
func TestFleet(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	const n = 20
	name := func(i int) string { return fmt.Sprintf("%d.jpg", i) }
	for i := range n {
		y.upload(name(i), sheet(t, 700, 600, i))
	}
	y.start()
	y.start()
	y.until("all messages done", y.empty)
	for i := range n {
		if !y.has(name(i)) {
			t.Errorf("%s has no pyramid", name(i))
		}
	}
	if made, failed := y.count("made"), y.count("failed"); made < n || made > n+2 || failed > 0 {
		t.Errorf("%d made, %d failed", made, failed)
	}
	// The same events again, as SQS may deliver them: nothing is made.
	y.sqs.Send(t, y.Queue, `{"Records":[`+record("ObjectCreated:Put", y.s3.Bucket, "scans%2F0.jpg")+","+record("ObjectCreated:Put", y.s3.Bucket, "scans%2F1.jpg")+`]}`)
	made := y.count("made")
	y.until("the repeated events", func() bool { return y.count("current") >= 2 })
	if y.count("made") != made {
		t.Error("made again")
	}
	y.s3.Delete(t, "scans/0.jpg")
	y.sqs.Send(t, y.Queue, `{"Records":[`+record("ObjectRemoved:Delete", y.s3.Bucket, "scans%2F0.jpg")+`]}`)
	y.until("the removal", func() bool { return y.count("removed") == 1 && y.empty() })
	id, _ := iiif.NewIdentifier(name(0))
	if p, err := y.store.Open(t.Context(), id); err == nil {
		p.Close()
		t.Error("the pyramid of a removed image is still there")
	}
}

// TestWorkerKilled: what a worker that is killed had in hand is done by another,
// and no half pyramid appears; so is that of one that is stopped.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	y := newYard(t)
	y.Slow = time.Hour
	y.upload("a.jpg", sheet(t, 1400, 800, 1))
	first := y.start()
	y.until("a beginning", func() bool { return y.count("begin") == 1 })
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	if visible, hidden := y.sqs.Count(t, y.Queue); visible+hidden != 1 {
		t.Fatalf("%d messages, %d hidden after the kill", visible, hidden)
	}
	if y.has("a.jpg") {
		t.Fatal("a pyramid of a killed worker")
	}
	y.Slow = 50 * time.Millisecond
	second := y.start()
	y.until("another beginning", func() bool { return y.count("begin") == 2 })
	if err := second.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := second.Wait(); err != nil {
		t.Errorf("stopped: %v", err)
	}
	// It may be hidden: the worker had asked for a further message when it ended, and
	// moto may have answered that request, which nobody reads, with this one.
	if visible, hidden := y.sqs.Count(t, y.Queue); visible+hidden != 1 || y.has("a.jpg") {
		t.Errorf("%d messages, %d hidden after the stop", visible, hidden)
	}
	y.start()
	y.until("the pyramid", func() bool { return y.count("made") == 1 && y.empty() })
	if !y.has("a.jpg") {
		t.Error("no pyramid")
	}
}
