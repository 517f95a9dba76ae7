package tiff

import (
	"bytes"
	"image"
	"io"
	"sync"
	"testing"
	"time"
)

// manyStrips returns an image of one gray strip per row, 4 pixels each.
func manyStrips(rows int) (file, data []byte) {
	data = noise(4 * rows)
	offsets, counts := make([]uint32, rows), make([]uint32, rows)
	return handmade(data, func(d *dirWriter, at uint32) {
		d.longs(tagImageWidth, 4)
		d.longs(tagImageLength, uint32(rows))
		d.shorts(tagBitsPerSample, 8)
		d.shorts(tagCompression, 1)
		d.shorts(tagPhotometric, 1)
		for i := range offsets {
			offsets[i], counts[i] = at+uint32(4*i), 4
		}
		d.longs(tagStripOffsets, offsets...)
		d.longs(tagRowsPerStrip, 1)
		d.longs(tagStripByteCounts, counts...)
	}), data
}

// Of tables of megabytes, a region reads the pages that it needs, and all of the
// image reads each page once.
func TestTablePages(t *testing.T) {
	const rows = 300_000
	b, data := manyStrips(rows)
	r := &counter{r: bytes.NewReader(b)}
	f, err := Open(r, int64(len(b)), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if r.bytes > 2*headSize {
		t.Errorf("Open read %d bytes", r.bytes)
	}
	for _, y := range []int{0, 16383, 16384, 123_456, rows - 1} {
		*r = counter{r: r.r}
		p := decode(t, f, 0, image.Rect(0, y, 4, y+1))
		if !bytes.Equal(p.Planes[0].Pix, data[4*y:4*y+4]) {
			t.Errorf("row %d differs", y)
		}
		if r.reads > 3 || r.bytes > 2*tablePage+4 {
			t.Errorf("row %d took %d reads of %d bytes", y, r.reads, r.bytes)
		}
		*r = counter{r: r.r}
		decode(t, f, 0, image.Rect(0, y, 4, y+1))
		if r.reads != 1 || r.bytes != 4 {
			t.Errorf("row %d took %d reads of %d bytes the second time", y, r.reads, r.bytes)
		}
	}
	*r = counter{r: r.r}
	if p := decode(t, f, 0, whole(f, 0)); !bytes.Equal(p.Planes[0].Pix, data) {
		t.Error("the whole differs")
	}
	if r.bytes > len(b) {
		t.Errorf("the whole of %d bytes read %d", len(b), r.bytes)
	}
	for _, tab := range []*table{f.levels[0].offsets, f.levels[0].counts} {
		if n := len(tab.pages); n > keptPages {
			t.Errorf("%d pages are held", n)
		}
	}
}

// meeting is a reader each of whose reads waits until another one is under way.
type meeting struct {
	r    io.ReaderAt
	pair chan struct{}
	lost sync.Once
	t    *testing.T
}

func (m *meeting) ReadAt(b []byte, off int64) (int, error) {
	select {
	case m.pair <- struct{}{}:
	case <-m.pair:
	case <-time.After(10 * time.Second):
		m.lost.Do(func() { m.t.Error("a read waits for another that is never made") })
	}
	return m.r.ReadAt(b, off)
}

// No lock is held while a table is read: a reader may let others go first, as one
// does that shares out processors, and those others may want the same page.
func TestTableReadsMeet(t *testing.T) {
	b, _ := manyStrips(100_000)
	f := openBytes(t, b)
	m := f.Reading(&meeting{r: f.r, pair: make(chan struct{}), t: t})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := m.Decode(0, image.Rect(0, 50_000, 4, 50_001), 8<<20); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
