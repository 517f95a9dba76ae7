package server

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestDeadline: a deadline ends like a context of the standard library does,
// whether somebody waits for it or only looks.
func TestDeadline(t *testing.T) {
	type key struct{}
	for name, test := range map[string]struct {
		after time.Duration
		act   func(stop context.CancelFunc, d *deadline)
		want  error
	}{
		"goes on":         {time.Hour, func(context.CancelFunc, *deadline) {}, nil},
		"over":            {-time.Second, func(context.CancelFunc, *deadline) {}, context.DeadlineExceeded},
		"ended":           {time.Hour, func(_ context.CancelFunc, d *deadline) { d.end() }, context.Canceled},
		"parent canceled": {time.Hour, func(stop context.CancelFunc, _ *deadline) { stop() }, context.Canceled},
	} {
		for _, waited := range []bool{false, true} {
			parent, stop := context.WithCancel(context.WithValue(t.Context(), key{}, 7))
			d := newDeadline(parent, test.after)
			if waited {
				d.Done()
			}
			test.act(stop, d)
			if err := d.Err(); !errors.Is(err, test.want) {
				t.Errorf("%s, waited %v: Err is %v, want %v", name, waited, err, test.want)
			}
			child, cancel := context.WithCancel(d)
			if test.want != nil {
				select {
				case <-d.Done():
				case <-time.After(10 * time.Second):
					t.Errorf("%s, waited %v: does not end", name, waited)
				}
				<-child.Done()
			} else if child.Err() != nil {
				t.Errorf("%s: a child has ended: %v", name, child.Err())
			}
			if _, ok := d.Deadline(); !ok || d.Value(key{}) != 7 {
				t.Errorf("%s: no deadline or no values", name)
			}
			cancel()
			d.end()
			stop()
		}
	}
	early, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	d := newDeadline(early, time.Hour)
	defer d.end()
	want, _ := early.Deadline()
	if at, _ := d.Deadline(); !at.Equal(want) {
		t.Errorf("the parent's earlier deadline is not kept: %v", at)
	}
}
