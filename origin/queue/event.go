package queue

import (
	"encoding/json"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Event says that something happened to the object under a key of a bucket: it
// was written, removed or restored. Which, it does not say: events come late,
// twice and in any order, so that only a look at the bucket tells what is true.
type Event struct {
	// Bucket is the name of the bucket, not empty.
	Bucket string
	// Key is the object's whole key in it, decoded, valid UTF-8 and not empty.
	Key string
}

// maxMessage bounds a message, in bytes. SQS itself allows 1 MiB.
const maxMessage = 1 << 20

// message has the fields by which the kinds of messages are told apart.
type message struct {
	// S3 and what speaks like it (S3 user guide, event message structure).
	Records []struct {
		EventName string `json:"eventName"`
		S3        struct {
			Bucket struct {
				Name string `json:"name"`
			} `json:"bucket"`
			Object struct {
				Key string `json:"key"`
			} `json:"object"`
		} `json:"s3"`
	} `json:"Records"`
	// What S3 sends when notifications are set up.
	Event string `json:"Event"`
	// EventBridge (S3 user guide, EventBridge event message structure).
	Source     string `json:"source"`
	DetailType string `json:"detail-type"`
	Detail     struct {
		Bucket struct {
			Name string `json:"name"`
		} `json:"bucket"`
		Object struct {
			Key string `json:"key"`
		} `json:"object"`
	} `json:"detail"`
	// SNS without raw delivery (SNS developer guide, HTTP/HTTPS notification JSON
	// format, which queues get too).
	Type    string `json:"Type"`
	Message string `json:"Message"`
}

// ParseMessage returns the events of the body of a message: an S3 notification of
// any number of records, an event of EventBridge, or either in the envelope of
// SNS. Events of other kinds (tags, permissions, the test when notifications are
// set up) are left out, so that there may be none. Anything else is Invalid.
func ParseMessage(body string) ([]Event, error) {
	return parse(body, true)
}

func parse(body string, enveloped bool) ([]Event, error) {
	const op = "queue.ParseMessage"
	if len(body) > maxMessage {
		return nil, fault.New(op, fault.Invalid, "the message is too long")
	}
	var m message
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		return nil, fault.E(op, fault.Invalid, err)
	}
	switch {
	case m.Records != nil:
		return m.records(op)
	case m.Event == "s3:TestEvent":
		return nil, nil
	case m.Source == "aws.s3" && m.DetailType != "":
		switch m.DetailType {
		case "Object Created", "Object Deleted", "Object Restore Completed":
			// Unlike S3 itself, EventBridge leaves keys as they are.
			e, err := newEvent(op, m.Detail.Bucket.Name, m.Detail.Object.Key)
			if err != nil {
				return nil, err
			}
			return []Event{e}, nil
		}
		return nil, nil
	case m.Type == "Notification" && enveloped:
		return parse(m.Message, false)
	}
	return nil, fault.New(op, fault.Invalid, "the message is no event of a bucket")
}

func (m *message) records(op string) (events []Event, err error) {
	seen := map[Event]bool{}
	for _, r := range m.Records {
		if r.EventName == "" {
			return nil, fault.New(op, fault.Invalid, "a record has no event name")
		}
		if !concerns(r.EventName) {
			continue
		}
		key, err := url.QueryUnescape(r.S3.Object.Key)
		if err != nil {
			return nil, fault.E(op, fault.Invalid, err)
		}
		e, err := newEvent(op, r.S3.Bucket.Name, key)
		if err != nil {
			return nil, err
		}
		if !seen[e] {
			seen[e] = true
			events = append(events, e)
		}
	}
	return events, nil
}

// concerns reports whether events of that name change what a key holds. MinIO and
// Ceph write "s3:" before the name.
func concerns(name string) bool {
	name = strings.TrimPrefix(name, "s3:")
	for _, kind := range []string{"ObjectCreated:", "ObjectRemoved:", "LifecycleExpiration:", "ObjectRestore:Completed"} {
		if strings.HasPrefix(name, kind) {
			return true
		}
	}
	return false
}

func newEvent(op, bucket, key string) (Event, error) {
	if bucket == "" || key == "" || !utf8.ValidString(key) {
		return Event{}, fault.New(op, fault.Invalid, "an event lacks a bucket or a key")
	}
	return Event{bucket, key}, nil
}
