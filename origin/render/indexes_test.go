package render

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// indexStore counts the indexes that are put into it.
type indexStore struct {
	countingStore
	indexes atomic.Int64
}

func (s *indexStore) Put(key string, data []byte) error {
	if strings.HasPrefix(key, "index/") {
		s.indexes.Add(1)
	}
	return s.countingStore.Put(key, data)
}

// TestIndexOnce: many who touch a JPEG for the first time at once, for different
// tiles, have its index made once, and the file read once for that.
func TestIndexOnce(t *testing.T) {
	m := newMemory(map[string][]byte{"a": jpegFile(t, 2048, 2048)})
	store := &indexStore{countingStore: countingStore{data: map[string][]byte{}}}
	e := newEngine(t, m, store, Config{})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			path := fmt.Sprintf("a/%d,%d,256,256/256,256/0/default.jpg", i%8*256, i/8*256)
			if _, err := ask(context.Background(), e, path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	e.writing.Wait()
	if n := store.indexes.Load(); n != 1 {
		t.Errorf("%d indexes were made", n)
	}
	// A damaged one is made anew.
	for key, data := range store.data {
		if strings.HasPrefix(key, "index/") {
			data[len(data)/2] ^= 1
		}
	}
	again := newEngine(t, m, store, Config{})
	if _, err := ask(t.Context(), again, "a/256,0,256,256/255,255/0/default.jpg"); err != nil {
		t.Error(err)
	}
	again.writing.Wait()
	if n := store.indexes.Load(); n != 2 {
		t.Errorf("%d indexes were made, the first of them damaged", n)
	}
}
