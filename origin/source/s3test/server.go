// Package s3test starts a real S3 server for tests: versitygw, an S3 gateway in
// front of a folder.
//
// It is for tests only. Without the program and without a network to install it
// from, Start skips the test, or fails it when VITRINE_CI=1.
package s3test

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	program = "github.com/versity/versitygw/cmd/versitygw"
	version = "v1.8.0"
	// patience bounds the start: a busy machine may take seconds.
	patience = 20 * time.Second
)

// Server is a running versitygw with one bucket. It ends with the test.
type Server struct {
	// Endpoint is its URL, for path-style requests. It stays the same over Stop
	// and Restart.
	Endpoint string
	// Access and Secret are the credentials of its owner.
	Access, Secret string
	// Bucket is the name of the bucket that Start makes.
	Bucket string
	// Dir holds the buckets as folders. Objects put there as plain files have no
	// ETag; use Put.
	Dir string

	bin, sidecar, port, region string

	mu      sync.Mutex
	cmd     *exec.Cmd
	stdin   io.Closer
	stopped chan struct{}
}

// Start starts a server on a free port of the loopback interface, in us-east-1.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return StartIn(tb, "us-east-1")
}

// StartIn is Start in a region: requests that are signed for another are refused.
func StartIn(tb testing.TB, region string) *Server {
	tb.Helper()
	bin, err := locate()
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			tb.Fatalf("versitygw %s is needed: %v", version, err)
		}
		tb.Skipf("versitygw %s is not there and cannot be installed: %v", version, err)
	}
	s := &Server{
		region: region,
		Access: "test-access", Secret: "test-secret", Bucket: "images",
		Dir: tb.TempDir(), sidecar: tb.TempDir(), bin: bin,
	}
	if err := os.Mkdir(filepath.Join(s.Dir, s.Bucket), 0o755); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	// Between choosing a port and its use another process may take it.
	for range 3 {
		if s.port, err = freePort(); err != nil {
			tb.Fatal(err)
		}
		s.Endpoint = "http://127.0.0.1:" + s.port
		if err = s.start(); err == nil {
			return s
		}
		s.Stop()
	}
	tb.Fatalf("versitygw does not start: %v", err)
	return nil
}

// Stop ends the server; its data stay. Requests are refused from then on.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	// The shell around the server ends it when its input ends.
	s.stdin.Close()
	select {
	case <-s.stopped:
	case <-time.After(5 * time.Second):
		_ = s.cmd.Process.Kill()
		<-s.stopped
	}
	s.cmd = nil
}

// Restart starts a stopped server at its old address.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.start(); err != nil {
		tb.Fatal(err)
	}
}

// Client returns an S3 client with the owner's credentials.
func (s *Server) Client() *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint),
		Region:       s.region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(s.Access, s.Secret, ""),
	})
}

// Put stores an object in the bucket.
func (s *Server) Put(tb testing.TB, key string, data []byte) {
	tb.Helper()
	_, err := s.Client().PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: &key, Body: bytes.NewReader(data),
	})
	if err != nil {
		tb.Fatalf("put %q: %v", key, err)
	}
}

// Delete removes an object from the bucket.
func (s *Server) Delete(tb testing.TB, key string) {
	tb.Helper()
	_, err := s.Client().DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key})
	if err != nil {
		tb.Fatalf("delete %q: %v", key, err)
	}
}

// start runs the server and waits until it answers.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	// The shell holds the server for as long as its input is open, so that the
	// server ends even when the test's process is killed.
	script := `"$@" </dev/null & pid=$!; cat >/dev/null; kill $pid; wait $pid`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", s.bin,
		"--access", s.Access, "--secret", s.Secret, "--port", "127.0.0.1:"+s.port, "--region", s.region, "--quiet",
		"posix", "--sidecar", s.sidecar, s.Dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd, s.stdin, s.stopped = cmd, stdin, make(chan struct{})
	go func(done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(s.stopped)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(s.Endpoint + "/" + s.Bucket)
		if err != nil {
			continue
		}
		resp.Body.Close()
		// Anonymous: refused, but by the right program.
		if resp.StatusCode == http.StatusForbidden {
			return nil
		}
	}
	return fmt.Errorf("no answer on port %s", s.port)
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

// locate returns the path of the right version of the program: from the cache
// of earlier tests, from Go's own folder of programs, or installed now.
func locate() (string, error) {
	if runtime.GOOS == "windows" {
		return "", errors.New("not tried on windows")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "vitrine-test", "bin")
	name := "versitygw-" + version
	cached := filepath.Join(cache, name)
	if is(cached) {
		return cached, nil
	}
	if out, err := exec.Command("go", "env", "GOBIN", "GOPATH").Output(); err == nil {
		lines := strings.Split(string(out), "\n")
		for _, dir := range []string{lines[0], filepath.Join(lines[1], "bin")} {
			if bin := filepath.Join(dir, "versitygw"); dir != "" && is(bin) {
				return bin, nil
			}
		}
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	// Several packages may get here at once: each installs into a folder of its
	// own, and the renaming is atomic.
	dir, err := os.MkdirTemp(cache, "install-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	install := exec.CommandContext(ctx, "go", "install", program+"@"+version)
	install.Env = append(os.Environ(), "GOBIN="+dir, "GOFLAGS=", "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return cached, os.Rename(filepath.Join(dir, "versitygw"), cached)
}

// is reports whether the file is the program in the wanted version, by what the
// Go linker wrote into it.
func is(file string) bool {
	info, err := buildinfo.ReadFile(file)
	return err == nil && info.Path == program && info.Main.Version == version
}
