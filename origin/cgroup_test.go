package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// memoryGroup makes a memory control group, of version 1 or 2, whatever the machine
// lets us make. It returns its folder, "" when there is none to be had.
func memoryGroup(t *testing.T, limit int64) string {
	t.Helper()
	for _, c := range []struct{ root, file string }{
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"},
	} {
		dir := filepath.Join(c.root, fmt.Sprintf("vitrine-test-%d-%d", os.Getpid(), time.Now().UnixNano()))
		if os.Mkdir(dir, 0o755) != nil {
			continue
		}
		file := filepath.Join(dir, c.file)
		_, err := os.Stat(file)
		if err == nil {
			err = os.WriteFile(file, strconv.AppendInt(nil, limit, 10), 0o600)
		}
		if err == nil {
			// The kernel lets go of a process some time after it has ended.
			t.Cleanup(func() {
				for range 50 {
					if os.Remove(dir) == nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			})
			return dir
		}
		os.Remove(dir)
	}
	return ""
}

// kills returns how many processes of a control group the kernel has ended for want
// of memory.
func kills(t *testing.T, group string) int {
	t.Helper()
	for _, name := range []string{"memory.oom_control", "memory.events"} {
		text, err := os.ReadFile(filepath.Join(group, name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
				killed, err := strconv.Atoi(strings.TrimSpace(n))
				if err != nil {
					t.Fatal(err)
				}
				return killed
			}
		}
	}
	return 0
}
