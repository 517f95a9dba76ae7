// Package sqstest starts a server that speaks like SQS, and like S3 with events,
// for tests: moto, in a Python environment of its own.
//
// It is for tests only. Without Python and without a network to install moto from,
// Start skips the test, or fails it when VITRINE_CI=1.
package sqstest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	_ "embed"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// requirements are the packages in exact versions; .ci/deps installs them too.
//
//go:embed requirements.txt
var requirements []byte

const (
	environment = "moto-5.1.18"
	region      = "us-east-1"
	// patience bounds the start: a busy machine may take long to load Python.
	patience = 60 * time.Second
)

// Server is a running moto. It ends with the test.
type Server struct {
	// Endpoint is its URL, for all services.
	Endpoint string
	// Access and Secret are credentials that it takes, as it takes any.
	Access, Secret string
}

// Start starts a server on a free port of the loopback interface.
func Start(tb testing.TB) *Server {
	tb.Helper()
	python, err := locate()
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			tb.Fatalf("%s is needed: %v", environment, err)
		}
		tb.Skipf("%s is not there and cannot be installed: %v", environment, err)
	}
	// Between choosing a port and its use another process may take it.
	for range 3 {
		s := &Server{Access: "test-access", Secret: "test-secret"}
		if err = s.start(tb, python); err == nil {
			return s
		}
	}
	tb.Fatalf("moto does not start: %v", err)
	return nil
}

func (s *Server) start(tb testing.TB, python string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	// The shell holds the server for as long as its input is open, so that the
	// server ends even when the test's process is killed.
	script := `"$@" </dev/null & pid=$!; cat >/dev/null; kill $pid; wait $pid`
	cmd := exec.Command("/bin/sh", "-c", script, "sh", python, "-m", "moto.server", "-H", "127.0.0.1", "-p", strconv.Itoa(port))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	stop := func(stdin io.Closer) {
		stdin.Close()
		<-ended
	}
	s.Endpoint = "http://127.0.0.1:" + strconv.Itoa(port)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get(s.Endpoint + "/moto-api/data.json")
		if err != nil {
			continue
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			tb.Cleanup(func() { stop(stdin) })
			return nil
		}
	}
	stop(stdin)
	return fmt.Errorf("no answer on port %d", port)
}

// SQS returns a client of the queues.
func (s *Server) SQS() *sqs.Client {
	return sqs.New(sqs.Options{BaseEndpoint: &s.Endpoint, Region: region, Credentials: s.credentials()})
}

// S3 returns a client of the buckets, which send events when they are told to.
func (s *Server) S3() *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &s.Endpoint, Region: region, UsePathStyle: true, Credentials: s.credentials()})
}

func (s *Server) credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(s.Access, s.Secret, "")
}

// Queue makes a queue with the given attributes and returns its URL and ARN.
func (s *Server) Queue(tb testing.TB, name string, attributes map[string]string) (url, arn string) {
	tb.Helper()
	made, err := s.SQS().CreateQueue(context.Background(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
	if err != nil {
		tb.Fatalf("create queue: %v", err)
	}
	return aws.ToString(made.QueueUrl), s.attributes(tb, aws.ToString(made.QueueUrl))["QueueArn"]
}

// Send puts a message into a queue.
func (s *Server) Send(tb testing.TB, url, body string) {
	tb.Helper()
	if _, err := s.SQS().SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
		tb.Fatalf("send: %v", err)
	}
}

// Count returns how many messages of a queue can be received, and how many are
// hidden because somebody did.
func (s *Server) Count(tb testing.TB, url string) (visible, hidden int) {
	tb.Helper()
	a := s.attributes(tb, url)
	visible, err1 := strconv.Atoi(a["ApproximateNumberOfMessages"])
	hidden, err2 := strconv.Atoi(a["ApproximateNumberOfMessagesNotVisible"])
	if err := errors.Join(err1, err2); err != nil {
		tb.Fatal(err)
	}
	return visible, hidden
}

func (s *Server) attributes(tb testing.TB, url string) map[string]string {
	tb.Helper()
	answer, err := s.SQS().GetQueueAttributes(context.Background(), &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		tb.Fatalf("queue attributes: %v", err)
	}
	return answer.Attributes
}

// locate returns the Python that has moto: of an earlier test or of .ci/deps, or
// installed now.
func locate() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "vitrine-test")
	home := filepath.Join(cache, environment)
	python := filepath.Join(home, "bin", "python3")
	if _, err := os.Stat(python); err == nil {
		return python, nil
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
	list := filepath.Join(dir, "requirements.txt")
	if err := os.WriteFile(list, requirements, 0o600); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	fresh := filepath.Join(dir, "env")
	for _, args := range [][]string{
		{"python3", "-m", "venv", fresh},
		{filepath.Join(fresh, "bin", "python3"), "-m", "pip", "install", "-q", "--no-deps", "-r", list},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w: %s", err, out)
		}
	}
	if err := os.Rename(fresh, home); err != nil {
		if _, there := os.Stat(python); there != nil {
			return "", err
		}
	}
	return python, nil
}
