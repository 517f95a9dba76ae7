package demo

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image/jpeg"
	"io"
	"runtime"
	"sync"
)

// art is a picture that is ready to be painted.
type art struct {
	w, h   int
	gray   bool
	plates int
	tex    *textures
	// paint fills a band. It is called from several goroutines, each with its
	// own band, in any order.
	paint func(b *band)
}

// quality of the JPEG files: fine lines stay clean.
const quality = 88

// encode paints the bands on all processors and writes them as one baseline
// JPEG. Every band is compressed on its own and becomes one restart interval
// (ITU-T T.81 §B.2.4.4), so that neither painting nor compressing waits, and
// only a few bands are in memory.
func encode(ctx context.Context, w io.Writer, a *art, comment string) error {
	type result struct {
		data []byte
		err  error
	}
	type job struct {
		y0  int
		out chan result
	}
	a.tex = newTextures()
	workers := runtime.GOMAXPROCS(0)
	todo, order := make(chan job), make(chan chan result, 2*workers)
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	group.Go(func() {
		defer close(order)
		defer close(todo)
		for y := 0; y < a.h; y += bandRows {
			j := job{y, make(chan result, 1)}
			select {
			case order <- j.out:
			case <-ctx.Done():
				return
			}
			select {
			case todo <- j:
			case <-ctx.Done():
				return
			}
		}
	})
	for range workers {
		group.Go(func() {
			b := newBand(a)
			for j := range todo {
				b.begin(j.y0)
				a.paint(b)
				var buf bytes.Buffer
				err := jpeg.Encode(&buf, b.image(), &jpeg.Options{Quality: quality})
				j.out <- result{buf.Bytes(), err}
			}
		})
	}
	out := bufio.NewWriterSize(w, 1<<18)
	for n := 0; ; n++ {
		var r result
		select {
		case next, ok := <-order:
			if !ok {
				if err := ctx.Err(); err != nil {
					return err
				}
				if _, err := out.Write([]byte{0xff, 0xd9}); err != nil { // EOI
					return err
				}
				return out.Flush()
			}
			select {
			case r = <-next:
			case <-ctx.Done():
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
		if r.err != nil {
			return r.err
		}
		head, body, err := split(r.data)
		if err != nil {
			return err
		}
		if n == 0 {
			_, err = out.Write(header(head, a, comment))
		} else {
			_, err = out.Write([]byte{0xff, 0xd0 + byte(n-1)&7}) // RSTn
		}
		if err == nil {
			_, err = out.Write(body)
		}
		if err != nil {
			return err
		}
	}
}

// split cuts a JPEG file into what precedes the scan's data, with the SOS
// segment, and that data without EOI.
func split(data []byte) (head, body []byte, err error) {
	for i := 2; i+4 <= len(data) && data[i] == 0xff; {
		end := i + 2 + int(binary.BigEndian.Uint16(data[i+2:]))
		if end > len(data)-2 {
			break
		}
		if data[i+1] == 0xda {
			return data[:end], data[end : len(data)-2], nil
		}
		i = end
	}
	return nil, nil, errors.New("demo: the encoder wrote something unexpected")
}

// preamble is how a file starts: who made it is in the comment.
func preamble(comment string) []byte {
	out := []byte{0xff, 0xd8,
		0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 1, 1, 44, 1, 44, 0, 0, // 300 dpi
		0xff, 0xfe}
	out = binary.BigEndian.AppendUint16(out, uint16(len(comment)+2))
	return append(out, comment...)
}

// header turns the first band's header into that of the whole picture: the full
// height and the restart interval.
func header(head []byte, a *art, comment string) []byte {
	out := preamble(comment)
	for i := 2; i < len(head); {
		end := i + 2 + int(binary.BigEndian.Uint16(head[i+2:]))
		segment := bytes.Clone(head[i:end])
		switch segment[1] {
		case 0xc0:
			binary.BigEndian.PutUint16(segment[5:], uint16(a.h))
		case 0xda:
			mcu := 16
			if a.gray {
				mcu = 8
			}
			interval := (a.w + mcu - 1) / mcu * (bandRows / mcu)
			out = append(out, 0xff, 0xdd, 0, 4)
			out = binary.BigEndian.AppendUint16(out, uint16(interval))
		}
		out = append(out, segment...)
		i = end
	}
	return out
}
