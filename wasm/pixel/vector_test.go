//go:build (amd64 || arm64) && unix

package pixel

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// This file compares vectors with their scalar twins, bit by bit, on whatever
// processor runs it. Arguments of kernels end at an unreadable page or begin
// after one, so that a byte too far is a crash.

func needVectors(t testing.TB) {
	t.Helper()
	if !vectors {
		missing(t, "AVX2 or NEON")
	}
}

// fence allocates n values that touch an unreadable page before or behind them,
// and fills them with noise.
func fence[T byte | uint16 | int16 | int32](t testing.TB, n int, before bool) []T {
	t.Helper()
	var zero T
	page := syscall.Getpagesize()
	size := n * int(unsafe.Sizeof(zero))
	room := (size + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, room+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Munmap(all) })
	for _, p := range [][]byte{all[:page], all[page+room:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	b := all[page+room-size : page+room]
	if before {
		b = all[page : page+size]
	}
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), n)
}

// each runs do for the lengths from low on, with fences behind and before.
func each(t *testing.T, low, step int, do func(t *testing.T, n int, before bool)) {
	needVectors(t)
	for n := low; n < low+100*step; n += step {
		for _, before := range []bool{false, true} {
			t.Run(fmt.Sprint(n, before), func(t *testing.T) { do(t, n, before) })
		}
	}
}

func equal[T comparable](t *testing.T, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
}

func TestKernelSumRows(t *testing.T) {
	each(t, minColumns, 1, func(t *testing.T, n int, before bool) {
		count := 2 + 2*rand.IntN(9)
		rows := make([][]byte, count)
		c := fence[int16](t, count, before)
		for k := range rows {
			rows[k] = fence[byte](t, n, before)
			c[k] = int16((rand.IntN(1<<15) - 1<<14) / count * 2) // sums fit
		}
		got, want := fence[int16](t, n, before), make([]int16, n)
		for x := range want {
			sum := int32(128)
			for k := range rows {
				sum += int32(c[k]) * int32(rows[k][x])
			}
			want[x] = int16(sum >> 8)
		}
		sumRowsVector(got, rows, c)
		equal(t, got, want)
	})
}

func TestKernelFilterRow(t *testing.T) {
	each(t, 0, outBlock, func(t *testing.T, n int, before bool) {
		step := tapBlock * (1 + rand.IntN(7))
		src := fence[int16](t, step+rand.IntN(60), before)
		lo, c := fence[int32](t, n, before), fence[int16](t, n*step, before)
		for i := range lo {
			lo[i] = int32(rand.IntN(len(src) - step + 1))
		}
		for i := range c {
			c[i] /= int16(step) / 2
		}
		for i := range src {
			src[i] /= 2
		}
		got, want := fence[byte](t, n, before), make([]byte, n)
		for x := range want {
			sum := int64(1 << 19)
			for k := range step {
				sum += int64(c[x*step+k]) * int64(src[int(lo[x])+k])
			}
			if sum != int64(int32(sum)) {
				t.Fatal("the test is wrong")
			}
			want[x] = byte(max(0, min(sum>>20, 255)))
		}
		filterRowVector(got, src, lo, c, step)
		equal(t, got, want)
	})
}

func TestKernelHalve(t *testing.T) {
	each(t, minColumns, 1, func(t *testing.T, n int, before bool) {
		a, b := fence[byte](t, 2*n, before), fence[byte](t, 2*n, before)
		got, want := fence[byte](t, n, before), make([]byte, n)
		for x := range want {
			want[x] = byte((int(a[2*x]) + int(a[2*x+1]) + int(b[2*x]) + int(b[2*x+1]) + 2) / 4)
		}
		halveVector(got, a, b)
		equal(t, got, want)
	})
}

func TestKernelColumns(t *testing.T) {
	each(t, minColumns, 1, func(t *testing.T, n int, before bool) {
		rows, stride := 1+rand.IntN(257), n+rand.IntN(9)
		src := fence[byte](t, (rows-1)*stride+n, before)
		if n%5 == 0 {
			for i := range src {
				src[i] = 255
			}
		}
		got, want := fence[uint16](t, n, before), make([]uint16, n)
		for x := range want {
			for r := range rows {
				want[x] += uint16(src[r*stride+x])
			}
		}
		sumColumnsVector(got, src, stride, rows)
		equal(t, got, want)
	})
}

// Every sum of every area that vectors divide by.
func TestKernelMeans(t *testing.T) {
	needVectors(t)
	for area := 2; area <= 128; area++ {
		half, recip, shift := reciprocal(area)
		n := (255*area + minColumns) / minColumns * minColumns
		sums, got := fence[uint16](t, n, false), fence[byte](t, n, false)
		want := make([]byte, n)
		for i := range sums {
			sums[i] = uint16(min(i, 255*area))
			want[i] = byte((int(sums[i]) + area/2) / area)
		}
		meanColumnsVector(got, sums, 1, half, recip, shift)
		equal(t, got, want)
	}
	each(t, minColumns, minColumns, func(t *testing.T, n int, before bool) {
		cell := 1 + rand.IntN(40)
		sums, got := fence[uint16](t, n+cell-1, before), fence[byte](t, n, before)
		for i := range sums {
			sums[i] %= 256
		}
		want := make([]byte, n)
		half, recip, shift := reciprocal(2 * cell)
		for x := range want {
			sum := cell
			for _, v := range sums[x : x+cell] {
				sum += int(v)
			}
			want[x] = byte(sum / (2 * cell))
		}
		meanColumnsVector(got, sums, cell, half, recip, shift)
		equal(t, got, want)
	})
}

func TestKernelReverse(t *testing.T) {
	each(t, minColumns, 1, func(t *testing.T, n int, before bool) {
		src, got := fence[byte](t, n, before), fence[byte](t, n, before)
		want := slices.Clone(src)
		slices.Reverse(want)
		reverseVector(got, src)
		equal(t, got, want)
	})
}

func TestKernelWiden(t *testing.T) {
	each(t, minPixels, 1, func(t *testing.T, n int, before bool) {
		near, far, sums := fence[byte](t, n, before), fence[byte](t, n, before), fence[uint16](t, n, before)
		want := make([]uint16, n)
		for x := range want {
			want[x] = 3*uint16(near[x]) + uint16(far[x])
		}
		widenRowsVector(sums, near, far)
		equal(t, sums, want)

		sums = fence[uint16](t, n+2, before)
		for i := range sums {
			sums[i] %= 1021
		}
		got, wide := fence[byte](t, 2*n, before), make([]byte, 2*n)
		for x := range n {
			wide[2*x] = byte((3*sums[x+1] + sums[x] + 8) >> 4)
			wide[2*x+1] = byte((3*sums[x+1] + sums[x+2] + 8) >> 4)
		}
		widenColumnsVector(got, sums)
		equal(t, got, wide)
	})
}

// Every colour, and every tail.
func TestKernelRGB(t *testing.T) {
	needVectors(t)
	check := func(t *testing.T, luma, cb, cr []byte, before bool) {
		t.Helper()
		var got, want [3][]byte
		for i := range got {
			got[i], want[i] = fence[byte](t, len(luma), before), make([]byte, len(luma))
		}
		words(func() { rgbRow(want[0], want[1], want[2], luma, cb, cr) })
		rgbRowVector(got[0], got[1], got[2], luma, cb, cr)
		for i := range got {
			equal(t, got[i], want[i])
		}
	}
	each(t, minPixels, 1, func(t *testing.T, n int, before bool) {
		check(t, fence[byte](t, n, before), fence[byte](t, n, before), fence[byte](t, n, before), before)
	})
	n := 1 << 16
	luma, cb, cr := make([]byte, n), make([]byte, n), make([]byte, n)
	for v := range 256 {
		for i := range n {
			luma[i], cb[i], cr[i] = byte(i), byte(i>>8), byte(v)
		}
		check(t, luma, cb, cr, false)
	}
}

// Luma and chroma of a fifth of the colours, and every tail.
func TestKernelYCbCr(t *testing.T) {
	needVectors(t)
	check := func(t *testing.T, m [3][]byte, before bool) {
		t.Helper()
		n := len(m[0])
		got := [3][]byte{fence[byte](t, n, before), fence[byte](t, n/2, before), fence[byte](t, n/2, before)}
		want := [3][]byte{make([]byte, n), make([]byte, n/2), make([]byte, n/2)}
		var sums [3][]uint16
		for i := range sums {
			sums[i] = fence[uint16](t, n/2, before)
			cellSumsVector(sums[i], m[i], m[(i+1)%3])
		}
		for x := range n {
			want[0][x] = luma(m[0][x], m[1][x], m[2][x])
			var cell [3]int32
			for i := range cell {
				a, b := m[i][x&^1:], m[(i+1)%3][x&^1:]
				cell[i] = int32(a[0]) + int32(a[1]) + int32(b[0]) + int32(b[1])
			}
			want[1][x/2], want[2][x/2] = chroma(cell[0], cell[1], cell[2], 4)
		}
		lumaRowVector(got[0], m[0], m[1], m[2])
		chromaRowVector(got[1], got[2], sums[0], sums[1], sums[2])
		for i := range got {
			equal(t, got[i], want[i])
		}
	}
	each(t, 2*minPixels, 2, func(t *testing.T, n int, before bool) {
		check(t, [3][]byte{fence[byte](t, n, before), fence[byte](t, n, before), fence[byte](t, n, before)}, before)
	})
	for v := 0; v < 256; v += 5 {
		var m [3][]byte
		for i := range 1 << 16 {
			for k, v := range []int{i, i >> 8, v} {
				m[k] = append(m[k], byte(v))
			}
		}
		check(t, m, false)
	}
}

func TestKernelTranspose(t *testing.T) {
	needVectors(t)
	for range 300 {
		w, h := 16+rand.IntN(50), 16+rand.IntN(50)
		before := rand.IntN(2) == 0
		src := Plane{Stride: h + rand.IntN(5), Width: h, Height: w}
		src.Pix = fence[byte](t, (w-1)*src.Stride+h, before)
		dst := Plane{Stride: w + rand.IntN(5), Width: w, Height: h}
		dst.Pix = fence[byte](t, (h-1)*dst.Stride+w, before)
		flipX, flipY := rand.IntN(2) == 0, rand.IntN(2) == 0
		want := slices.Clone(dst.Pix)
		for y := range h {
			for x := range w {
				sx, sy := y, x
				if flipY {
					sx = h - 1 - y
				}
				if flipX {
					sy = w - 1 - x
				}
				want[y*dst.Stride+x] = src.Row(sy)[sx]
			}
		}
		if !dst.transposeVectors(&src, flipX, flipY) {
			t.Fatal("not transposed")
		}
		if !bytes.Equal(dst.Pix, want) {
			t.Fatalf("%d×%d %v %v differs", w, h, flipX, flipY)
		}
	}
}

// The sums of the first pass fit 16 bits: weights above zero add up to less than
// 2, and so do those below. All filters, phases and scales that are filtered.
func TestScalarAndVectorSumsFit(t *testing.T) {
	for _, f := range filters {
		for scale := 0.01; scale < 8; scale *= 1.037 {
			for phase := -1.0; phase < 1; phase += 0.0371 {
				w := axis{3 + phase, scale, 20}.weigh(40, f)
				for i := range w.lo {
					above, below := 0, 0
					for _, c := range w.c[i*w.n:][:w.n] {
						above += max(int(c), 0)
						below -= min(int(c), 0)
					}
					if max(above, below) >= 2<<weightBits {
						t.Fatalf("%v at %.3f: weights add up to %d and -%d", f, scale, above, below)
					}
				}
			}
		}
	}
}

// bounded returns a copy of m whose planes touch unreadable pages, with strides
// wider than the planes.
func bounded(t testing.TB, m *Image) *Image {
	r := *m
	least := byte(0)
	if rand.IntN(4) == 0 {
		least = 0xFC // bright, where sums are largest
	}
	fenced := func(p *Plane) Plane {
		q := *p
		q.Stride = p.Width + rand.IntN(3)
		q.Pix = fence[byte](t, (p.Height-1)*q.Stride+p.Width, rand.IntN(2) == 0)
		for i := range q.Pix {
			q.Pix[i] |= least
		}
		return q
	}
	r.Planes = nil
	for i := range m.Planes {
		r.Planes = append(r.Planes, fenced(&m.Planes[i]))
	}
	if m.Alpha != nil {
		a := fenced(m.Alpha)
		r.Alpha = &a
	}
	return &r
}

// Whole operations are identical with and without vectors: random sizes, windows,
// filters, models, subsampling and strides.
func TestIdenticalWithoutVectors(t *testing.T) {
	needVectors(t)
	rounds := 800
	if testing.Short() {
		rounds = 150
	}
	for n := range rounds {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			model := []Model{Gray, YCbCr, YCbCr, RGB}[rand.IntN(4)]
			w, h := 1+rand.IntN(400), 1+rand.IntN(300)
			m := bounded(t, New(model, w, h, 1<<rand.IntN(3), 1<<rand.IntN(3), rand.IntN(8) == 0))
			win := whole(m)
			if rand.IntN(2) == 0 {
				win = Window{rand.Float64() * float64(w) / 2, rand.Float64() * float64(h) / 2, 0, 0}
				win.W, win.H = (float64(w)-win.X)*(0.1+0.9*rand.Float64()), (float64(h)-win.Y)*(0.1+0.9*rand.Float64())
			}
			ow, oh := 1+rand.IntN(300), 1+rand.IntN(200)
			if rand.IntN(3) == 0 {
				k := float64(1 + rand.IntN(30))
				ow, oh = max(int(math.Ceil(win.W/k)), 1), max(int(math.Ceil(win.H/k)), 1)
			}
			f := filters[rand.IntN(4)]
			for name, do := range map[string]func() *Image{
				"Resize": func() *Image {
					r, err := Resize(m, win, ow, oh, f)
					if err != nil {
						t.Fatal(err)
					}
					return r
				},
				"ResizeChroma": func() *Image {
					r, err := ResizeChroma(m, win, ow, oh, 1, 1, f)
					if err != nil {
						t.Fatal(err)
					}
					return r
				},
				"ToRGB":   func() *Image { return ToRGB(m) },
				"ToYCbCr": func() *Image { return ToYCbCr(m, 2, 2) },
				"4:4:4":   func() *Image { return ToYCbCr(ToRGB(m), 1, 1) },
				"4:2:2":   func() *Image { return ToYCbCr(ToRGB(m), 2, 1) },
				"4:2:0":   func() *Image { return ToYCbCr(ToRGB(m), 2, 2) },
				"4:4:0":   func() *Image { return ToYCbCr(ToRGB(m), 1, 2) },
				"Turn":    func() *Image { return Turn(m, n) },
				"Orient":  func() *Image { return Orient(m, n&7+1) },
				"Flatten": func() *Image { return Flatten(m, Colour{1, 2, 3}) },
			} {
				var want *Image
				words(func() { want = do() })
				if got := do(); !same(got, want) {
					t.Fatalf("%s of %d×%d %v %d/%d, %v to %d×%d by %v differs", name, w, h, model, m.SubX, m.SubY, win, ow, oh, f)
				}
			}
		})
	}
}

// Averages of cells are too, for all shapes of cells and all sums: white, bright
// and noise, with part of a cell at the edges.
func TestIdenticalCells(t *testing.T) {
	needVectors(t)
	for bx := 1; bx <= 24; bx++ {
		for by := 1; by <= 24; by++ {
			for _, least := range []byte{0, 0xF0, 0xFF} {
				src := noise(Gray, 40*bx+bx/2, 2*by+by/2, 1, 1, false).Planes[0]
				for i := range src.Pix {
					src.Pix[i] |= least
				}
				got, want := NewPlane(40+min(bx/2, 1), 2+min(by/2, 1)), NewPlane(40+min(bx/2, 1), 2+min(by/2, 1))
				shrinkPlane(&got, &src, 0, 0, bx, by)
				words(func() { shrinkPlane(&want, &src, 0, 0, bx, by) })
				if !bytes.Equal(got.Pix, want.Pix) {
					t.Fatalf("cells of %d × %d differ", bx, by)
				}
			}
		}
	}
}

// Kernels are only reached by sound planes: Turn does not check its image.
func TestVectorsRefuseShortPlanes(t *testing.T) {
	needVectors(t)
	m := New(Gray, 64, 64, 1, 1, false)
	m.Planes[0].Pix = m.Planes[0].Pix[:64*64-1]
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Turn(m, 1)
}
