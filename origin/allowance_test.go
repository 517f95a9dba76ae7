package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAllowance: the limits of both versions of control groups, as the kernel's
// documentation has them (cgroups(7)), in a container and outside of it.
func TestAllowance(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"not Linux": {nil, 0},
		"version 1": {map[string]string{
			"proc/self/cgroup":                               "5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/a\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":   "1073741824\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "536870912\n",
		}, 512 << 20},
		"version 1, a parent has less": {map[string]string{
			"proc/self/cgroup": "4:memory:/a/b\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":   "1073741824\n",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712\n",
		}, 1 << 30},
		"version 1 in a container": {map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/0123\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
		}, 512 << 20},
		"version 2": {map[string]string{
			"proc/self/cgroup":            "0::/a\n",
			"sys/fs/cgroup/a/memory.max":  "536870912\n",
			"sys/fs/cgroup/a/memory.high": "1\n",
		}, 512 << 20},
		"version 2 in a container": {map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/memory.max": "536870912\n",
		}, 512 << 20},
		"no limit": {map[string]string{
			"proc/self/cgroup":           "0::/a\n",
			"sys/fs/cgroup/a/memory.max": "max\n",
		}, 0},
		"another controller": {map[string]string{
			"proc/self/cgroup": "4:memory_recursiveprot:/a\n",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "536870912\n",
		}, 0},
	} {
		root := t.TempDir()
		for file, text := range c.files {
			file = filepath.Join(root, file)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := allowance(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// TestFit: what is taken in all stays below what is allowed, and settings that fit
// are left alone.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		memory, blocks, allowed int64
		lowered                 bool
	}{
		{768 << 20, 64 << 20, 0, false},
		{768 << 20, 64 << 20, 2 << 30, false},
		{768 << 20, 64 << 20, 512 << 20, true},
		{768 << 20, 64 << 20, 1 << 30, true},
		{64 << 20, 64 << 20, 256 << 20, false},
	} {
		s := settings{Memory: byteSize(c.memory), SourceCache: byteSize(c.blocks), MaxArea: 1e6}
		if got := s.fit(c.allowed); got != c.lowered {
			t.Errorf("%+v: lowered %v", c, got)
		}
		if total := int64(s.Memory)*9/8 + c.blocks; c.allowed > 0 && total > c.allowed*6/7 {
			t.Errorf("%+v: %d bytes in all", c, total)
		}
		if s.MaxArea*bytesPerPixel > int64(s.Memory) {
			t.Errorf("%+v: an area of %d", c, s.MaxArea)
		}
		if !c.lowered && int64(s.Memory) != c.memory {
			t.Errorf("%+v: memory %d", c, s.Memory)
		}
	}
}
