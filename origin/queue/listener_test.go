package queue

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/vitrine-iiif/vitrine/origin/queue/sqstest"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// ear is a listener whose events the test handles.
type ear struct {
	*Listener
	mu     sync.Mutex
	heard  []string
	answer func(key string, times int) error
	stop   func()
}

func listen(t *testing.T, url string, c ListenerConfig, answer func(key string, times int) error) *ear {
	t.Helper()
	address, err := ParseAddress(url)
	if err != nil {
		t.Fatal(err)
	}
	c.Queue, c.AccessKey, c.Secret = address, "test-access", "test-secret"
	c.Logger = slog.New(slog.DiscardHandler)
	e := &ear{answer: answer}
	if e.Listener, err = NewListener(t.Context(), c, e.hear); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		e.Run(ctx)
		close(over)
	}()
	e.stop = func() {
		cancel()
		<-over
	}
	t.Cleanup(e.stop)
	return e
}

func (e *ear) hear(event Event) error {
	e.mu.Lock()
	e.heard = append(e.heard, event.Key)
	n := 0
	for _, key := range e.heard {
		if key == event.Key {
			n++
		}
	}
	e.mu.Unlock()
	return e.answer(event.Key, n)
}

func (e *ear) times(key string) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, k := range e.heard {
		if k == key {
			n++
		}
	}
	return n
}

func eventually(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !reached(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// TestListener: what is done is deleted; what fails comes again and ends in the dead
// letter queue, as it was, and so does what cannot be read; the records of a message
// do not hinder each other.
func TestListener(t *testing.T) {
	t.Parallel()
	server := sqstest.Start(t)
	dead, arn := server.Queue(t, "dead", nil)
	url, _ := server.Queue(t, "uploads", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":"` + arn + `","maxReceiveCount":"2"}`})
	message := func(keys ...string) string {
		records := ""
		for i, k := range keys {
			if i > 0 {
				records += ","
			}
			records += record("ObjectCreated:Put", "b", k)
		}
		return `{"Records":[` + records + `]}`
	}
	poison := []string{message("bad"), "{\"Records\":", message("first", "bad2", "last")}
	for _, body := range append([]string{message("good"), testEvent, envelope(message("wrapped")), message("late", "better")}, poison...) {
		server.Send(t, url, body)
	}
	e := listen(t, url, ListenerConfig{Parallel: 3, Retry: time.Second, Visibility: 30 * time.Second}, func(key string, times int) error {
		if key == "bad" || key == "bad2" || key == "late" && times < 2 {
			return fault.E("x", fault.Unavailable, nil)
		}
		return nil
	})
	eventually(t, "the queue is empty", func() bool {
		visible, hidden := server.Count(t, url)
		return visible+hidden == 0
	})
	for key, want := range map[string]int{"good": 1, "wrapped": 1, "late": 2, "better": 2, "bad": 2, "bad2": 2, "first": 2, "last": 2} {
		if got := e.times(key); got != want {
			t.Errorf("%s was heard %d times, want %d", key, got, want)
		}
	}
	if e.Handled() != 4 || e.Failed() != 7 {
		t.Errorf("%d handled, %d failed", e.Handled(), e.Failed())
	}
	var left []string
	for range 10 {
		answer, err := server.SQS().ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &dead, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range answer.Messages {
			left = append(left, *m.Body)
		}
	}
	slices.Sort(left)
	slices.Sort(poison)
	if !slices.Equal(left, poison) {
		t.Errorf("the dead letter queue has %q", left)
	}
}

// TestListenerKeeps: a message that takes longer than the visibility timeout is not
// received by another meanwhile.
func TestListenerKeeps(t *testing.T) {
	t.Parallel()
	server := sqstest.Start(t)
	url, _ := server.Queue(t, "uploads", nil)
	gate := make(chan struct{})
	answer := func(string, int) error { <-gate; return nil }
	c := ListenerConfig{Visibility: 4 * time.Second}
	ears := []*ear{listen(t, url, c, answer), listen(t, url, c, answer)}
	t.Cleanup(sync.OnceFunc(func() { close(gate) }))
	server.Send(t, url, `{"Records":[`+record("ObjectCreated:Put", "b", "x")+`]}`)
	heard := func() int { return ears[0].times("x") + ears[1].times("x") }
	eventually(t, "it is heard", func() bool { return heard() > 0 })
	time.Sleep(6500 * time.Millisecond)
	if heard() != 1 {
		t.Errorf("heard %d times", heard())
	}
}

// TestListenerGivesBack: what is canceled can be received at once.
func TestListenerGivesBack(t *testing.T) {
	t.Parallel()
	server := sqstest.Start(t)
	url, _ := server.Queue(t, "uploads", nil)
	e := listen(t, url, ListenerConfig{Visibility: time.Hour}, func(_ string, times int) error {
		if times == 1 {
			return fault.E("x", fault.Canceled, nil)
		}
		return nil
	})
	server.Send(t, url, `{"Records":[`+record("ObjectCreated:Put", "b", "x")+`]}`)
	eventually(t, "it is heard again", func() bool { return e.times("x") == 2 })
}

func TestNewListener(t *testing.T) {
	address, err := ParseAddress("http://127.0.0.1:1/1/q")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]ListenerConfig{
		"no queue": {}, "half a key": {Queue: address, AccessKey: "a"}, "too short": {Queue: address, Visibility: time.Millisecond},
		"too long": {Queue: address, Visibility: 13 * time.Hour}, "negative": {Queue: address, Parallel: -1},
	} {
		if _, err := NewListener(t.Context(), c, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
