package queue

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Address is the URL of an SQS queue; only ParseAddress makes one.
type Address struct{ url, endpoint, region string }

// String returns the URL.
func (a Address) String() string { return a.url }

// regionLabel is a region as a part of the host names of AWS: eu-central-1,
// us-gov-west-1.
var regionLabel = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-\d$`)

// ParseAddress reads the URL of a queue, as AWS shows it:
// https://sqs.eu-central-1.amazonaws.com/123456789012/uploads. Scheme and host are
// where requests are sent, so that services that speak like SQS need no further
// setting. Invalid names the mistake.
func ParseAddress(s string) (Address, error) {
	const op = "queue.ParseAddress"
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") == "" ||
		u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return Address{}, fault.New(op, fault.Invalid, "the queue must be a URL such as https://sqs.eu-central-1.amazonaws.com/123456789012/uploads")
	}
	a := Address{url: s, endpoint: u.Scheme + "://" + u.Host}
	for label := range strings.SplitSeq(u.Hostname(), ".") {
		if regionLabel.MatchString(label) {
			a.region = label
		}
	}
	return a, nil
}

const (
	// patience bounds one request, which may be a poll of pollTime.
	patience = pollTime + 15*time.Second
	pollTime = 20 * time.Second // the most that SQS allows
	maxBatch = 10               // of messages that one request may bring
)

// mailbox is an SQS queue: what a Listener needs of it.
type mailbox struct {
	client *sqs.Client
	http   *awshttp.BuildableClient
	url    string
}

// letter is a message that was received.
type letter struct {
	id, body, receipt string
	receives          int // how often, with this time
}

func openMailbox(ctx context.Context, c ListenerConfig) (*mailbox, error) {
	client := awshttp.NewBuildableClient().WithTimeout(patience)
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client), config.WithDefaultRegion("us-east-1"),
	}
	for _, region := range []string{c.Queue.region, c.Region} {
		if region != "" {
			options = append(options, config.WithRegion(region))
			break
		}
	}
	if c.AccessKey != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.AccessKey, c.Secret, "")))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fault.E("queue.NewListener", fault.Invalid, err).WithPublic("the AWS configuration cannot be loaded")
	}
	return &mailbox{
		client: sqs.NewFromConfig(loaded, func(o *sqs.Options) { o.BaseEndpoint = aws.String(c.Queue.endpoint) }),
		http:   client, url: c.Queue.url,
	}, nil
}

// receive waits up to wait, in whole seconds, for up to n messages.
func (m *mailbox) receive(ctx context.Context, n int, wait, visibility time.Duration) ([]letter, error) {
	answer, err := m.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &m.url, MaxNumberOfMessages: int32(min(n, maxBatch)),
		WaitTimeSeconds: int32(wait / time.Second), VisibilityTimeout: int32(visibility / time.Second),
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameApproximateReceiveCount},
	})
	if err != nil {
		return nil, sqsFault(ctx, "queue.receive", err)
	}
	var letters []letter
	for _, msg := range answer.Messages {
		receives, err := strconv.Atoi(msg.Attributes[string(types.MessageSystemAttributeNameApproximateReceiveCount)])
		if err != nil {
			receives = 1
		}
		letters = append(letters, letter{aws.ToString(msg.MessageId), aws.ToString(msg.Body), aws.ToString(msg.ReceiptHandle), receives})
	}
	return letters, nil
}

// hide keeps a message from other receivers for d more, in whole seconds; 0 shows
// it to them.
func (m *mailbox) hide(ctx context.Context, l letter, d time.Duration) error {
	_, err := m.client.ChangeMessageVisibility(ctx, &sqs.ChangeMessageVisibilityInput{
		QueueUrl: &m.url, ReceiptHandle: &l.receipt, VisibilityTimeout: int32(d / time.Second),
	})
	if err != nil {
		return sqsFault(ctx, "queue.hide", err)
	}
	return nil
}

func (m *mailbox) remove(ctx context.Context, l letter) error {
	_, err := m.client.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &m.url, ReceiptHandle: &l.receipt})
	if err != nil {
		return sqsFault(ctx, "queue.remove", err)
	}
	return nil
}

// redrives reports whether the queue moves messages away that fail again and again.
func (m *mailbox) redrives(ctx context.Context) (bool, error) {
	answer, err := m.client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &m.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameRedrivePolicy},
	})
	if err != nil {
		return false, sqsFault(ctx, "queue.redrives", err)
	}
	return answer.Attributes[string(types.QueueAttributeNameRedrivePolicy)] != "", nil
}

func (m *mailbox) close() { m.http.GetTransport().CloseIdleConnections() }

// sqsFault maps an SDK error.
func sqsFault(ctx context.Context, op string, err error) error {
	if ctx.Err() != nil {
		return fault.E(op, fault.KindOf(ctx.Err()), err)
	}
	var response *awshttp.ResponseError
	var api smithy.APIError
	switch {
	case errors.As(err, &api) && (api.ErrorCode() == "QueueDoesNotExist" || strings.HasSuffix(api.ErrorCode(), "NonExistentQueue")):
		return fault.E(op, fault.NotFound, err)
	case errors.As(err, &response) && (response.HTTPStatusCode() == http.StatusForbidden || response.HTTPStatusCode() == http.StatusUnauthorized):
		return fault.E(op, fault.Forbidden, err)
	}
	return fault.E(op, fault.Unavailable, err)
}
