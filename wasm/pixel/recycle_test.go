package pixel

import (
	"sync"
	"testing"
)

// TestRecycle: images made of recycled memory are zero, of the right size, and never
// two of one memory, also when many make and drop them.
func TestRecycle(t *testing.T) {
	var wait sync.WaitGroup
	for g := range 8 {
		wait.Go(func() {
			for i := range 200 {
				m := New(YCbCr, 200+i%7*31, 150+i%5*17, 1+g%2, 1, i%3 == 0)
				all := append([]Plane{}, m.Planes...)
				if m.Alpha != nil {
					all = append(all, *m.Alpha)
				}
				for _, p := range all {
					if len(p.Pix) != p.Width*p.Height || cap(p.Pix) != len(p.Pix) {
						t.Errorf("%d of %d samples for %d × %d", len(p.Pix), cap(p.Pix), p.Width, p.Height)
					}
					for j := range p.Pix {
						if p.Pix[j] != 0 {
							t.Error("a new image is not zero")
							return
						}
						p.Pix[j] = byte(g + 1)
					}
				}
				for _, p := range all {
					for _, v := range p.Pix {
						if v != byte(g+1) {
							t.Error("two images share memory")
							return
						}
					}
				}
				Recycle(m)
			}
		})
	}
	wait.Wait()
}
