package decision

import (
	"errors"
	"strconv"
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// A request crosses the Wasm boundary as lines, since no field of HTTP holds a line
// break: method, target, If-None-Match, Accept and time; unless it is new, event,
// state, ETag and size; and then Data, if there is any.
const newLines, requestLines = 5, 9

// ParseRequest reads a request: text is its lines, each with a line break, data is
// what its Data shall be. It fails with Invalid.
func ParseRequest(text, data []byte) (Request, error) {
	line := [requestLines]string{newLines + 1: "0", requestLines - 1: "0"}
	rest := string(text)
	n := 0
	for ; n < requestLines && rest != ""; n++ {
		var more bool
		if line[n], rest, more = strings.Cut(rest, "\n"); !more {
			return Request{}, malformed()
		}
	}
	r := Request{
		Method: line[0], Target: line[1], IfNoneMatch: line[2], Accept: line[3],
		Event: Event(line[5]), ETag: line[7], Data: data,
	}
	var errs [3]error
	r.Now, errs[0] = strconv.ParseInt(line[4], 10, 64)
	r.State, errs[1] = strconv.Atoi(line[6])
	r.Size, errs[2] = strconv.ParseInt(line[8], 10, 64)
	if rest != "" || n != newLines && n != requestLines || errs != [3]error{} {
		return Request{}, malformed()
	}
	return r, nil
}

func malformed() error {
	return fault.E("decision.ParseRequest", fault.Invalid, errors.New("a request has five lines or nine"))
}

// AppendRequest appends the lines of a request, for hosts in Go.
func AppendRequest(dst []byte, r *Request) []byte {
	lines := [requestLines]string{
		r.Method, r.Target, r.IfNoneMatch, r.Accept, strconv.FormatInt(r.Now, 10),
		string(r.Event), strconv.Itoa(r.State), r.ETag, strconv.FormatInt(r.Size, 10),
	}
	n := requestLines
	if r.Event == Start {
		n = newLines
	}
	for _, s := range lines[:n] {
		dst = append(append(dst, s...), '\n')
	}
	return dst
}

// Append appends the action as it crosses the Wasm boundary: the length of the text
// and that of the body, 4 bytes each, little-endian; the text; the body. The text is
// made of lines without a final break: kind, status, cache, key, offset, length,
// ETag, URL, revision, older, state, until, and of each header its name and its value.
func (a *Action) Append(dst []byte) []byte {
	at := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = append(append(dst, a.Kind...), '\n')
	dst = append(strconv.AppendInt(dst, int64(a.Status), 10), '\n')
	dst = append(append(dst, a.Cache...), '\n')
	dst = append(append(dst, a.Key...), '\n')
	dst = append(strconv.AppendInt(dst, a.Offset, 10), '\n')
	dst = append(strconv.AppendInt(dst, a.Length, 10), '\n')
	dst = append(append(dst, a.ETag...), '\n')
	dst = append(append(dst, a.URL...), '\n')
	dst = append(append(dst, a.Revision...), '\n')
	dst = append(append(dst, a.Older...), '\n')
	dst = append(strconv.AppendInt(dst, int64(a.State), 10), '\n')
	dst = strconv.AppendInt(dst, a.Until, 10)
	for _, h := range a.Headers {
		dst = append(append(dst, '\n'), h.Name...)
		dst = append(append(dst, '\n'), h.Value...)
	}
	put4(dst[at:], len(dst)-at-8)
	put4(dst[at+4:], len(a.Body))
	return append(dst, a.Body...)
}

func put4(b []byte, n int) { b[0], b[1], b[2], b[3] = byte(n), byte(n>>8), byte(n>>16), byte(n>>24) }
