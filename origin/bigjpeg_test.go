package main

import (
	"bytes"
	"fmt"
	"math/bits"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The large JPEG: 4 gigapixels, 16 groups of 8 equal strips. Every fifth group, the
// first and the last among them, is photographic, the others are gray.
const (
	jpegWidth   = 65_500
	stripHeight = 480
	jpegGroups  = 16
	jpegHeight  = jpegGroups * 8 * stripHeight
)

func photographic(group int) bool { return group%5 == 0 }

// strips are the parts of the large JPEG as files of their own, made by libjpeg:
// [1] is photographic but for its last row of coding units. That is gray, so that
// the predictors are zero at the end of a strip as they are at its beginning, and
// the next strip's codes may follow.
type strips [2]string

func newStrips(t *testing.T) (plain, restarting strips) {
	t.Helper()
	dir := t.TempDir()
	row, framed := filepath.Join(dir, "row.v"), filepath.Join(dir, "framed.v")
	gray, photo := filepath.Join(dir, "gray.ppm"), filepath.Join(dir, "photo.ppm")
	w, h := strconv.Itoa(jpegWidth), strconv.Itoa(stripHeight)
	lower := filepath.Join(dir, "lower.v") // with more detail
	tool(t, "vips", "crop", part(t, "2048", "1536"), lower, "0", "1072", "2048", "464")
	tool(t, "vips", "embed", lower, framed, "0", "0", "2048", h, "--extend", "background", "--background", "128 128 128")
	tool(t, "vips", "replicate", framed, row, "32", "1")
	tool(t, "vips", "crop", row, photo, "0", "0", w, h)
	head := fmt.Appendf(nil, "P6\n%s %s\n255\n", w, h)
	if err := os.WriteFile(gray, append(head, bytes.Repeat([]byte{128}, 3*jpegWidth*stripHeight)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for i, from := range []string{gray, photo} {
		plain[i] = filepath.Join(dir, fmt.Sprint("plain", i, ".jpg"))
		restarting[i] = filepath.Join(dir, fmt.Sprint("restarting", i, ".jpg"))
		tool(t, "cjpeg", "-quality", "95", "-sample", "2x2", "-outfile", plain[i], from)
		// The same coefficients with a marker behind each row.
		tool(t, "jpegtran", "-restart", "1", "-outfile", restarting[i], plain[i])
		os.Remove(from)
	}
	os.Remove(row)
	return plain, restarting
}

// scan returns the head of a strip's file, up to its entropy-coded data, and those.
func scan(t *testing.T, file string) (head, data []byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := 2; at+4 < len(b); at += 2 + int(b[at+2])<<8 + int(b[at+3]) {
		if b[at+1] == 0xda {
			at += 2 + int(b[at+2])<<8 + int(b[at+3])
			return b[:at:at], b[at : len(b)-2]
		}
		if b[at+1] == 0xc0 { // the height of all strips together
			b[at+5], b[at+6] = byte(jpegHeight>>8), byte(jpegHeight&0xff)
		}
	}
	t.Fatalf("%s has no scan", file)
	return nil, nil
}

// eight returns the data of eight strips in a row. Eight times any number of bits
// are whole bytes.
func eight(t *testing.T, data []byte) []byte {
	t.Helper()
	plain := bytes.ReplaceAll(data, []byte{0xff, 0}, []byte{0xff})
	// The last code, end of block for chroma, has zeros only: the ones behind it
	// fill up the byte.
	n := 8*len(plain) - bits.TrailingZeros8(^plain[len(plain)-1])
	out := make([]byte, n)
	for i := range 8 {
		at, shift := i*n/8, i*n%8
		for k := range (n + 7) / 8 {
			v := uint16(plain[k]) << 8
			if 8*k+8 > n {
				v &= 0xff00 << (8*k + 8 - n)
			}
			out[at+k] |= byte(v >> (8 + shift))
			if at+k+1 < len(out) {
				out[at+k+1] |= byte(v >> shift)
			}
		}
	}
	return bytes.ReplaceAll(out, []byte{0xff}, []byte{0xff, 0})
}

// eightRestarting is eight for data with restart markers, and the marker behind
// them: the numbers of the markers go on from strip to strip.
func eightRestarting(data []byte) []byte {
	var out []byte
	next := byte(0)
	for range 8 {
		for i := 0; i < len(data); i++ {
			out = append(out, data[i])
			if data[i] == 0xff && i+1 < len(data) {
				i++
				if data[i] != 0 {
					out = append(out, 0xd0|next)
					next = (next + 1) & 7
					continue
				}
				out = append(out, data[i])
			}
		}
		out = append(out, 0xff, 0xd0|next)
		next = (next + 1) & 7
	}
	return out
}

// bigJPEG writes the large JPEG of strips.
func bigJPEG(t *testing.T, name string, s strips, restarting bool) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head, photo := scan(t, s[1])
	_, gray := scan(t, s[0])
	if restarting {
		photo, gray = eightRestarting(photo), eightRestarting(gray)
	} else {
		photo, gray = eight(t, photo), eight(t, gray)
	}
	write := func(b []byte) {
		if _, err := f.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write(head)
	for group := range jpegGroups {
		data := gray
		if photographic(group) {
			data = photo
		}
		if restarting && group == jpegGroups-1 {
			data = data[:len(data)-2] // no interval follows
		}
		write(data)
	}
	write([]byte{0xff, 0xd9})
}
