package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	// proc(5): the name may hold anything.
	line := "4242 (a b) c) (d) S 1 4242 4242 0 -1 4194560 100 0 0 0 123 45 6 7 20 0 5 0 100 1000 10 18446744073709551615"
	got, err := parseStat(line)
	if err != nil || got != 1680*time.Millisecond {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "1 (x", "1 (x) S 1 2 3", strings.Replace(line, "123", "x", 1)} {
		if _, err := parseStat(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestCPU compares a busy process's reading with what the kernel reports at its end.
func TestCPU(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := start(t.TempDir()+"/log", nil, "sh", "-c", "while :; do :; done & wait")
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			p.stop()
		}
	}()
	var pids []int
	for deadline := time.Now().Add(5 * time.Second); len(pids) < 2 && time.Now().Before(deadline); {
		pids = p.pids()
	}
	if len(pids) != 2 {
		t.Fatalf("the shell and its child are %v", pids)
	}
	before, err := readCPU(pids)
	if err != nil {
		t.Fatal(err)
	}
	var after cpuReading
	for deadline := time.Now().Add(20 * time.Second); ; {
		if after, err = readCPU(pids); err != nil {
			t.Fatal(err)
		}
		if after.ticks-before.ticks >= 200*time.Millisecond || time.Now().After(deadline) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	ticks, fine := after.ticks-before.ticks, after.since(before)
	if diff := (ticks - fine).Abs(); ticks < 200*time.Millisecond || diff > 50*time.Millisecond {
		t.Errorf("the two clocks say %v and %v", ticks, fine)
	}
	// A thread that ended is only in the ticks.
	before.threads[-1] = time.Hour
	if got := after.since(before); got != ticks {
		t.Errorf("with a thread ended: %v, want %v", got, ticks)
	}
	p.stop()
	stopped = true
	for _, pid := range pids {
		gone := false
		for deadline := time.Now().Add(5 * time.Second); !gone && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			gone = err != nil || strings.Contains(string(text), ") Z ")
		}
		if !gone {
			t.Errorf("process %d survives stop", pid)
		}
	}
}

func TestProcessThatFails(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := start(t.TempDir()+"/log", nil, "sh", "-c", "echo no such port >&2; exit 3")
	if err != nil {
		t.Fatal(err)
	}
	defer p.stop()
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.ready(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "no such port") {
		t.Errorf("ready: %v", err)
	}
}

// TestMain lets this program stand in for the real one, which starts itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == usageCommand {
		if err := serveUsage(context.Background(), os.Args[2:], os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestMeasureCommand: the peak of a small program is small, however large this
// process has been.
func TestMeasureCommand(t *testing.T) {
	large := make([]byte, 96<<20)
	for i := range large {
		large[i] = 1
	}
	if peak := peakMemory([]int{os.Getpid()}); peak < 96<<20 {
		t.Errorf("own peak: %d", peak)
	}
	u, err := measureCommand(t.Context(), "sh", "-c", "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")
	if err != nil {
		t.Fatal(err)
	}
	if u.Memory <= 0 || u.Memory > 64<<20 || u.Total <= 0 || u.Wall < u.Total/8 {
		t.Errorf("%+v", u)
	}
	runtime.KeepAlive(large)
	if _, err := measureCommand(t.Context(), "sh", "-c", "echo no space >&2; exit 3"); err == nil || !strings.Contains(err.Error(), "no space") {
		t.Errorf("a command that fails: %v", err)
	}
}
