package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"syscall"
	"time"
)

// client is one kept connection.
type client struct {
	fd int
	// request is the number of the one under way, -1 for none; sent is when.
	request int
	sent    time.Time
	// keep says that bodies are wanted. Otherwise the kernel drops most of them.
	keep bool
	// status and total, the length of the body, are those of the answer; body is
	// complete if it was kept, came in chunks or is an error's.
	status, total int
	body          []byte

	phase phase
	// left is how much of a body of known length is missing.
	left int
	buf  []byte
}

// phase is where in an answer a connection is.
type phase uint8

const (
	inHead phase = iota
	inBody
	inChunks
)

const (
	// firstRead holds a head, and a short answer as a whole.
	firstRead = 4 << 10
	// nextRead is the most that is taken in one call.
	nextRead = 1 << 20
	// mostBody is the longest answer that is kept.
	mostBody = 256 << 20
)

// dial connects to an address on loopback.
func dial(addr string) (*client, error) {
	a, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	if !a.Addr().Is4() || !a.Addr().IsLoopback() {
		return nil, fmt.Errorf("%s is not on loopback", addr)
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	c := &client{fd: fd, request: -1, buf: make([]byte, nextRead)}
	err = errors.Join(
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1),
		syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}),
		syscall.SetNonblock(fd, true),
	)
	if err != nil {
		c.close()
		return nil, fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return c, nil
}

func (c *client) close() { syscall.Close(c.fd) }

// write sends a request. It is shorter than any socket's buffer.
func (c *client) write(request []byte) error {
	c.phase, c.body, c.status, c.total, c.left = inHead, c.body[:0], 0, 0, 0
	n, err := syscall.SendmsgN(c.fd, request, nil, nil, syscall.MSG_NOSIGNAL)
	if err == nil && n < len(request) {
		err = io.ErrShortWrite
	}
	return err
}

// receive takes what has arrived, and says whether that ends the answer.
func (c *client) receive() (done bool, err error) {
	if c.phase == inBody && !c.keep && c.status == 200 {
		// Linux does not copy what is truncated (tcp(7)).
		n, err := c.read(min(c.left, nextRead), syscall.MSG_TRUNC)
		c.left -= n
		return c.left == 0, err
	}
	room := nextRead
	if c.phase == inHead {
		room = firstRead
	}
	n, err := c.read(room, 0)
	if err != nil || n == 0 {
		return false, err
	}
	if len(c.body)+n > mostBody {
		return false, errors.New("an answer too large")
	}
	c.body = append(c.body, c.buf[:n]...)
	if c.phase == inHead {
		end := bytes.Index(c.body, []byte("\r\n\r\n"))
		if end < 0 {
			return false, nil
		}
		if c.status, c.total, err = parseHead(c.body[:end]); err != nil {
			return false, err
		}
		c.body = append(c.body[:0], c.body[end+4:]...)
		c.phase, c.left, n = inBody, c.total, len(c.body)
		if c.total == chunked {
			c.phase = inChunks
		}
	}
	if c.phase == inChunks {
		if done, err = unchunk(&c.body); done {
			c.total = len(c.body)
		}
		return done, err
	}
	if c.left -= n; c.left < 0 {
		return false, errors.New("more bytes than the length says")
	}
	return c.left == 0, nil
}

// read receives at most n bytes into buf; none is no error.
func (c *client) read(n, flags int) (int, error) {
	n, _, err := syscall.Recvfrom(c.fd, c.buf[:n], flags)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return 0, nil
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// chunked stands for a body in chunks where a length is asked for.
const chunked = -1

// parseHead reads a status line and header fields without the empty line behind
// them (RFC 9112 §4, §5). It refuses a connection that the server is about to
// close, as that would be measured too.
func parseHead(text []byte) (status, length int, err error) {
	line, rest, _ := bytes.Cut(text, []byte("\r\n"))
	if len(line) < 12 || string(line[:9]) != "HTTP/1.1 " {
		return 0, 0, fmt.Errorf("not an answer: %.80q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	length = -2
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil || length < 0 {
				return 0, 0, fmt.Errorf("bad Content-Length %q", value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			length = chunked
		case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
			return 0, 0, fmt.Errorf("the server closes the connection, status %d", status)
		}
	}
	if length == -2 {
		return 0, 0, errors.New("an answer without a length")
	}
	return status, length, nil
}

// unchunk replaces a body in chunks (RFC 9112 §7.1) by what is in them, when it is
// complete.
func unchunk(body *[]byte) (done bool, err error) {
	in := *body
	if !bytes.HasSuffix(in, []byte("0\r\n\r\n")) {
		return false, nil
	}
	var out []byte
	for {
		line, rest, ok := bytes.Cut(in, []byte("\r\n"))
		if !ok {
			return false, nil
		}
		text, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(bytes.TrimSpace(text)), 16, 31)
		if err != nil {
			return false, fmt.Errorf("bad chunk %.20q", line)
		}
		if len(rest) < int(size)+2 {
			return false, nil
		}
		if size == 0 {
			*body = append((*body)[:0], out...)
			return true, nil
		}
		out, in = append(out, rest[:size]...), rest[size+2:]
	}
}
