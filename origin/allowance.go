package main

import (
	"bytes"
	"os"
	"path"
	"strconv"
	"strings"
)

// allowance returns the bytes of memory that the control groups of this process
// allow it, in version 1 or 2 of their interface; 0 when there is no limit or
// none is known. root is where the system's files begin, "/" but in tests.
func allowance(root string) int64 {
	groups, err := os.ReadFile(path.Join(root, "proc/self/cgroup"))
	if err != nil {
		return 0 // not Linux
	}
	least := int64(0)
	for line := range bytes.Lines(groups) {
		// "4:memory:/a/b" is version 1, "0::/a/b" version 2.
		part := strings.SplitN(strings.TrimSpace(string(line)), ":", 3)
		if len(part) != 3 {
			continue
		}
		mount, file := "sys/fs/cgroup", "memory.max"
		if part[0] != "0" || part[1] != "" {
			if !strings.Contains(","+part[1]+",", ",memory,") {
				continue
			}
			mount, file = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		}
		// A limit holds for all below it. In a container the group's own name may be
		// that of the host, and then only the mount itself is there.
		for group := path.Join("/", part[2]); ; group = path.Dir(group) {
			if n := limitIn(path.Join(root, mount, group, file)); n > 0 && (least == 0 || n < least) {
				least = n
			}
			if group == "/" {
				break
			}
		}
	}
	return least
}

// limitIn reads a file of one limit; 0 when it says none.
func limitIn(file string) int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n <= 0 || n > 1<<50 { // "max", or what version 1 says for it
		return 0
	}
	return n
}

// overhead is what the process takes besides pixels and blocks: an eighth of the
// memory for pixels.
const overhead = 8

// fit lowers the memory for decoding and rendering where the process is not
// allowed that much, and reports whether it did: a request that is refused is
// better than a process that the kernel ends. A seventh is left for what the
// collector has not got round to and for pages of files. The largest answer is
// lowered with it, so that nothing is advertised which is then refused.
func (s *settings) fit(allowed int64) bool {
	if allowed <= 0 {
		return false
	}
	most := (allowed*6/7 - int64(s.SourceCache)) * overhead / (overhead + 1)
	if most = max(most, 64<<20); most >= int64(s.Memory) {
		return false
	}
	s.Memory = byteSize(most)
	s.MaxArea = min(s.MaxArea, most/bytesPerPixel)
	return true
}
