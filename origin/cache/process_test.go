//go:build unix

package cache

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// The tests of several processes start this test binary again; these variables
// tell it what to be.
const (
	envRole = "VITRINE_CACHE_TEST_ROLE"
	envDir  = "VITRINE_CACHE_TEST_DIR"
)

func TestMain(m *testing.M) {
	switch os.Getenv(envRole) {
	case "":
		os.Exit(m.Run())
	case "writer":
		writer(os.Getenv(envDir))
	case "full":
		full(os.Getenv(envDir))
	}
}

const (
	sharedBound = 4 << 20
	sharedKeys  = 400
)

// valueOf is a value that tells which key it belongs to: its length and bytes
// follow from the key and a version that it starts with.
func valueOf(key string, version uint32) []byte {
	n := nameOf(key)
	r := rand.New(rand.NewPCG(binary.BigEndian.Uint64(n[:]), uint64(version)))
	b := make([]byte, 4+r.IntN(60000))
	binary.BigEndian.PutUint32(b, version)
	for i := 4; i < len(b); i++ {
		b[i] = byte(r.Uint32())
	}
	return b
}

// verify fails unless b is one of the values of key.
func verify(key string, b []byte) error {
	if len(b) < 4 || !bytes.Equal(b, valueOf(key, binary.BigEndian.Uint32(b))) {
		return fmt.Errorf("%s: %d wrong bytes", key, len(b))
	}
	return nil
}

// writer reads and writes for ever, from several goroutines.
func writer(dir string) {
	c, err := Open(Config{Dir: dir, MaxBytes: sharedBound, NoSync: true})
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	fmt.Println("ready")
	for range 4 {
		go func() {
			for {
				if err := work(c); err != nil {
					fmt.Println("FAIL", err)
					os.Exit(1)
				}
			}
		}()
	}
	select {}
}

// work does one random thing with a shared cache.
func work(c *Cache) error {
	key := fmt.Sprint("key ", rand.IntN(sharedKeys))
	switch k := rand.IntN(20); {
	case k == 0:
		return c.Remove(key)
	case k < 10:
		return c.Put(key, valueOf(key, rand.Uint32N(4)))
	}
	if b, ok := c.Get(key); ok {
		return verify(key, b)
	}
	return nil
}

func child(t *testing.T, role, dir string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), envRole+"="+role, envDir+"="+dir)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// Processes that are killed while they write leave nothing that is served
// wrong, and only temporary files that the next start sweeps.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	served := 0
	for range 12 {
		cmd, out := child(t, "writer", dir)
		time.Sleep(time.Duration(60+rand.IntN(120)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if strings.Contains(out.String(), "FAIL") {
			t.Fatal(out)
		}
		c := open(t, Config{Dir: dir, MaxBytes: sharedBound})
		if s := c.Stats(); s.Bytes > sharedBound {
			t.Fatalf("%+v", s)
		}
		for i := range sharedKeys {
			key := fmt.Sprint("key ", i)
			if b, ok := c.Get(key); ok {
				served++
				if err := verify(key, b); err != nil {
					t.Fatal(err)
				}
			}
		}
		if s := c.Stats(); s.Corrupt != 0 {
			t.Fatalf("torn files under their final names: %+v", s)
		}
		c.Close()
	}
	if served == 0 {
		t.Fatal("nothing was ever stored; the test tests nothing")
	}
}

// Two processes on one folder see each other's entries, never anything wrong,
// and stay near the bound.
func TestTwoProcesses(t *testing.T) {
	dir := t.TempDir()
	var cmds []*exec.Cmd
	var outs []*strings.Builder
	for range 2 {
		cmd, out := child(t, "writer", dir)
		cmds, outs = append(cmds, cmd), append(outs, out)
	}
	c := open(t, Config{Dir: dir, MaxBytes: sharedBound, NoSync: true})
	hits, most := 0, int64(0)
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		key := fmt.Sprint("key ", rand.IntN(sharedKeys))
		if b, ok := c.Get(key); ok {
			hits++
			if err := verify(key, b); err != nil {
				t.Error(err)
			}
		}
		if rand.IntN(200) == 0 {
			most = max(most, diskUse(t, dir))
		}
	}
	for i, cmd := range cmds {
		cmd.Process.Kill()
		cmd.Wait()
		if !strings.Contains(outs[i].String(), "ready") || strings.Contains(outs[i].String(), "FAIL") {
			t.Errorf("child %d: %s", i, outs[i])
		}
	}
	if hits == 0 {
		t.Error("this process never saw the others' entries")
	}
	// A tenth per process and what is under way, with readings of the folder
	// that lag on a busy machine.
	if most > sharedBound*2 {
		t.Errorf("%d bytes on disk, bound %d", most, sharedBound)
	}
}

// Many goroutines on one cache: every hit is right and the bound holds.
func TestHammer(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Config{Dir: dir, MaxBytes: sharedBound, NoSync: true})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 400 {
				if err := work(c); err != nil {
					t.Error(err)
					return
				}
				if n := c.Stats().Bytes; n > sharedBound {
					t.Errorf("%d bytes counted", n)
					return
				}
			}
		})
	}
	group.Wait()
	if n := diskUse(t, dir); n > sharedBound {
		t.Errorf("%d bytes on disk", n)
	}
	s := c.Stats()
	if s.Hits == 0 || s.Evicted == 0 || s.Corrupt != 0 || s.Errors != 0 {
		t.Errorf("%+v", s)
	}
	if got := int64(len(list(c))); got != s.Entries {
		t.Errorf("the list holds %d entries, the map %d", got, s.Entries)
	}
}

// list walks the index from new to old.
func list(c *Cache) []name {
	var names []name
	for i := c.index.nodes[0].next; i != 0; i = c.index.nodes[i].next {
		names = append(names, c.index.nodes[i].name)
	}
	return names
}

// full stores until the system refuses, as on a full disk: here by the limit on
// the size of a file.
func full(dir string) {
	signal.Ignore(syscall.SIGXFSZ)
	c, err := Open(Config{Dir: dir})
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
	limit := syscall.Rlimit{Cur: 10000, Max: 10000}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		fmt.Println("SKIP", err)
		os.Exit(0)
	}
	small, big := valueOf("small", 1)[:5000], make([]byte, 50000)
	if err := c.Put("small", small); err != nil {
		fmt.Println("FAIL small:", err)
	}
	if err := c.Put("big", big); !fault.Is(err, fault.Unavailable) {
		fmt.Println("FAIL big:", err)
	}
	if _, ok := c.Get("big"); ok {
		fmt.Println("FAIL big is there")
	}
	if b, ok := c.Get("small"); !ok || !bytes.Equal(b, small) {
		fmt.Println("FAIL small is not there")
	}
	if list, err := os.ReadDir(c.tempDir()); err != nil || len(list) != 0 {
		fmt.Println("FAIL left behind:", list, err)
	}
	fmt.Println("done")
	os.Exit(0)
}

func TestDiskFull(t *testing.T) {
	cmd, out := child(t, "full", t.TempDir())
	cmd.Wait()
	switch s := out.String(); {
	case strings.Contains(s, "SKIP"):
		t.Skip(s)
	case strings.Contains(s, "FAIL") || !strings.Contains(s, "done"):
		t.Error(s)
	}
}

// A second reading of the folder finds what another process wrote, in its place
// by time, and drops what another process deleted.
func TestReadAgain(t *testing.T) {
	dir := t.TempDir()
	c := open(t, Config{Dir: dir})
	put(t, c, "a", []byte("one"))
	put(t, c, "b", []byte("two"))
	other := open(t, Config{Dir: dir})
	put(t, other, "c", []byte("three"))
	put(t, other, "d", []byte("four"))
	if err := other.Remove("a"); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(c.path(nameOf("d")), old, old); err != nil {
		t.Fatal(err)
	}
	c.read(t.Context())
	want := []name{nameOf("c"), nameOf("b"), nameOf("d")}
	if got := list(c); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("new to old %v, want %v", got, want)
	}
	if s := c.Stats(); s.Bytes != 3*block || s.Entries != 3 {
		t.Errorf("%+v", s)
	}
}
