//go:build !linux

package server

import "io"

// ReadFrom implements io.ReaderFrom; sections of files are read and written here.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if err := c.release(); err != nil {
		return 0, err
	}
	return c.TCPConn.ReadFrom(r)
}
