package server

import "bytes"

// What net/http answers when it cannot parse a request, before any handler is
// asked: a status line, refusalHead and a text. The connection ends with it.
const (
	statusLine  = "HTTP/1.1 4"
	refusalHead = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
)

// refusal returns an answer of net/http itself as one of ours: other sites may
// read it, and nobody keeps it. ok is false for every other answer; should
// net/http change its own, they go out as they are.
func refusal(p []byte) (answer []byte, ok bool) {
	if !bytes.HasPrefix(p, []byte(statusLine)) {
		return nil, false
	}
	end := bytes.IndexByte(p, '\n') + 1
	text, ok := bytes.CutPrefix(p[end:], []byte(refusalHead))
	if !ok {
		return nil, false
	}
	answer = append(answer, p[:end]...)
	answer = append(answer, "Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\n"+
		"Cross-Origin-Resource-Policy: cross-origin\r\nX-Content-Type-Options: nosniff\r\n"+refusalHead...)
	return append(append(answer, text...), '\n'), true
}
