//go:build unix

package publish

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vitrine-iiif/vitrine/manifests/item"
)

// childEnv makes the test binary publish a round to a folder instead of testing.
const childEnv = "VITRINE_PUBLISH_CHILD"

func TestMain(m *testing.M) {
	if dir, url := os.Getenv(childEnv), os.Getenv(manyEnv); url != "" {
		if err := publishMany(dir, url); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	} else if dir != "" {
		round, _ := strconv.Atoi(os.Getenv(childEnv + "_ROUND"))
		if err := publishRound(dir, round); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// roundItems: each round has every label changed, some items gone and some new.
func roundItems(round int) []item.Item {
	var list []item.Item
	for n := range 150 {
		if (n+round)%10 == 0 {
			continue
		}
		it := object(n)
		it.Label = item.Plain("en", "Round "+strconv.Itoa(round))
		list = append(list, it)
	}
	return list
}

func publishRound(dir string, round int) error {
	folder, err := OpenFolder(dir)
	if err != nil {
		return err
	}
	cfg := config(&shelf{items: roundItems(round)}, folder, &sizer{})
	cfg.Parallel = 4
	_, err = Run(context.Background(), cfg)
	return err
}

// TestKill kills a publication at any moment, again and again.
func TestKill(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 10
	}
	dir := t.TempDir()
	if err := publishRound(dir, 0); err != nil {
		t.Fatal(err)
	}
	died := 0
	for round := 1; died < kills; round++ {
		if round > 20*kills {
			t.Fatalf("only %d of %d publications were caught alive", died, round)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+dir, childEnv+"_ROUND="+strconv.Itoa(round))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5*time.Millisecond + rand.N(120*time.Millisecond))
		cmd.Process.Signal(syscall.SIGKILL)
		if err := cmd.Wait(); err != nil && cmd.ProcessState.Sys().(syscall.WaitStatus).Signaled() {
			died++
		} else if err != nil {
			t.Fatal("a publication after one that died: ", err)
		}
		whole(t, dir)
	}
	// The next one that lives leaves nothing of those that died.
	s := &site{t: t, dir: dir}
	if err := publishRound(dir, 5000); err != nil {
		t.Fatal(err)
	}
	s.consistent()
	for name, body := range files(t, dir) {
		if strings.HasPrefix(name, "item-") && strings.HasSuffix(name, ".json") && !strings.Contains(body, "Round 5000") {
			t.Errorf("%s is of another round", name)
		}
	}
}

// whole checks that every file that readers see is complete and that the list names
// nothing that is not there.
func whole(t *testing.T, dir string) {
	t.Helper()
	have := files(t, dir)
	for name, body := range have {
		switch {
		case strings.HasSuffix(name, partSuffix) || strings.HasPrefix(name, ".vitrine/lock"):
		case strings.HasSuffix(name, ".json") && !json.Valid([]byte(body)):
			t.Fatalf("%s is torn", name)
		case strings.HasSuffix(name, ".html") && !strings.HasSuffix(body, "</title>"):
			t.Fatalf("%s is torn", name)
		}
	}
	var names []string
	if err := json.Unmarshal([]byte(have["list.json"]), &names); err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		for _, p := range []string{n + ".json", filepath.Join(n, "index.html")} {
			if _, ok := have[p]; !ok {
				t.Fatalf("the list names %s, and %s is not there", n, p)
			}
		}
	}
}
