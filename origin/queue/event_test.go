package queue

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Messages after the examples of the S3, EventBridge and SNS guides.
const (
	created = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-west-2","eventTime":"1970-01-01T00:00:00.000Z",
		"eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AIDAJDPLRKLG7UEXAMPLE"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},
		"responseElements":{"x-amz-request-id":"C3D13FE58DE4C810"},"s3":{"s3SchemaVersion":"1.0","configurationId":"testConfigRule",
		"bucket":{"name":"amzn-s3-demo-bucket","ownerIdentity":{"principalId":"A3NL1KOZZKExample"},"arn":"arn:aws:s3:::amzn-s3-demo-bucket"},
		"object":{"key":"scans/Happy+Face+%2B+%C3%A4.jpg","size":1024,"eTag":"d41d8cd98f00b204e9800998ecf8427e","versionId":"096fKKXTRTtl3on89fVO.nfljtsv6qko","sequencer":"0055AED6DCD90281E5"}}}]}`
	testEvent   = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2014-10-13T15:57:02.089Z","Bucket":"amzn-s3-demo-bucket","RequestId":"5582815E1AEA5ADF","HostId":"8cLeGAmw098X5cv4Zkwcmo8vvZa3eH3eKxsPzbB9wrR"}`
	eventBridge = `{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","detail-type":"Object Created","source":"aws.s3","account":"111122223333",
		"time":"2021-11-12T00:00:00Z","region":"ca-central-1","resources":["arn:aws:s3:::amzn-s3-demo-bucket1"],"detail":{"version":"0",
		"bucket":{"name":"amzn-s3-demo-bucket1"},"object":{"key":"a+b %41.jpg","size":5,"etag":"b1946ac92492d2347c6235b4d2611184","version-id":"IYV3p45BT0ac8hjHg1houSdS1a.Mro8e","sequencer":"617f08299329d189"},
		"request-id":"N4N7GDK58NMKJ12R","requester":"123456789012","source-ip-address":"1.2.3.4","reason":"PutObject"}}`
)

func record(name, bucket, key string) string {
	return `{"eventName":"` + name + `","s3":{"bucket":{"name":"` + bucket + `"},"object":{"key":"` + key + `"}}}`
}

func envelope(body string) string {
	return `{"Type":"Notification","MessageId":"22b80b92","TopicArn":"arn:aws:sns:us-west-2:123456789012:MyTopic","Subject":"Amazon S3 Notification","Message":` +
		quoted(body) + `,"Timestamp":"2012-05-02T00:54:06.655Z","SignatureVersion":"1"}`
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

func TestParseMessage(t *testing.T) {
	one := func(bucket, key string) []Event { return []Event{{bucket, key}} }
	for name, c := range map[string]struct {
		body string
		want []Event
	}{
		"created":        {created, one("amzn-s3-demo-bucket", "scans/Happy Face + ä.jpg")},
		"test":           {testEvent, nil},
		"EventBridge":    {eventBridge, one("amzn-s3-demo-bucket1", "a+b %41.jpg")}, // not escaped there
		"deleted there":  {strings.Replace(eventBridge, "Object Created", "Object Deleted", 1), one("amzn-s3-demo-bucket1", "a+b %41.jpg")},
		"tags there":     {strings.Replace(eventBridge, "Object Created", "Object Tags Added", 1), nil},
		"SNS":            {envelope(created), one("amzn-s3-demo-bucket", "scans/Happy Face + ä.jpg")},
		"SNS, test":      {envelope(testEvent), nil},
		"SNS, EB":        {envelope(eventBridge), one("amzn-s3-demo-bucket1", "a+b %41.jpg")},
		"removed":        {`{"Records":[` + record("ObjectRemoved:Delete", "b", "x") + `]}`, one("b", "x")},
		"marker":         {`{"Records":[` + record("ObjectRemoved:DeleteMarkerCreated", "b", "x") + `]}`, one("b", "x")},
		"expired":        {`{"Records":[` + record("LifecycleExpiration:Delete", "b", "x") + `]}`, one("b", "x")},
		"MinIO":          {`{"EventName":"s3:ObjectCreated:Put","Key":"b/x","Records":[` + record("s3:ObjectCreated:Put", "b", "x") + `]}`, one("b", "x")},
		"tags":           {`{"Records":[` + record("ObjectTagging:Put", "b", "x") + `]}`, nil},
		"several":        {`{"Records":[` + record("ObjectCreated:Copy", "b", "x") + "," + record("ObjectRemoved:Delete", "c", "y") + "," + record("ObjectRemoved:Delete", "b", "x") + `]}`, []Event{{"b", "x"}, {"c", "y"}}},
		"none":           {`{"Records":[]}`, nil},
		"multipart":      {`{"Records":[` + record("ObjectCreated:CompleteMultipartUpload", "b", "a%2Fb") + `]}`, one("b", "a/b")},
		"unknown fields": {`{"x":[1,{"y":null}],"Records":[` + record("ObjectCreated:Put", "b", "x") + `]}`, one("b", "x")},
	} {
		got, err := ParseMessage(c.body)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
}

func TestParseMessageMalformed(t *testing.T) {
	for name, body := range map[string]string{
		"empty": "", "text": "hello", "other JSON": `{"a":1}`, "list": `[]`, "null": `null`, "number": `7`,
		"cut":             created[:len(created)/2],
		"two documents":   testEvent + testEvent,
		"no key":          `{"Records":[` + record("ObjectCreated:Put", "b", "") + `]}`,
		"no bucket":       `{"Records":[` + record("ObjectCreated:Put", "", "x") + `]}`,
		"no name":         `{"Records":[` + record("", "b", "x") + `]}`,
		"bad escape":      `{"Records":[` + record("ObjectCreated:Put", "b", "%zz") + `]}`,
		"bad UTF-8":       `{"Records":[` + record("ObjectCreated:Put", "b", "%ff") + `]}`,
		"records no list": `{"Records":{"a":1}}`,
		"one bad of two":  `{"Records":[` + record("ObjectCreated:Put", "b", "x") + "," + record("ObjectCreated:Put", "b", "%") + `]}`,
		"SNS twice":       envelope(envelope(created)),
		"SNS empty":       envelope(""),
		"EB without key":  `{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"}}}`,
		"EB of another":   `{"source":"aws.ec2","detail-type":"Object Created","detail":{"bucket":{"name":"b"},"object":{"key":"k"}}}`,
		"too long":        created + strings.Repeat(" ", maxMessage),
	} {
		if got, err := ParseMessage(body); !fault.Is(err, fault.Invalid) || got != nil {
			t.Errorf("%s: %v, %v; want an error", name, got, err)
		}
	}
}

func FuzzParseMessage(f *testing.F) {
	for _, s := range []string{created, testEvent, eventBridge, envelope(created), `{"Records":[` + record("ObjectRemoved:Delete", "b", "x") + `]}`, "", "null"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		events, err := ParseMessage(body)
		if err != nil {
			if events != nil || !fault.Is(err, fault.Invalid) {
				t.Fatalf("%v, %v", events, err)
			}
			return
		}
		if len(events) > len(body) {
			t.Fatalf("%d events of %d bytes", len(events), len(body))
		}
		for i, e := range events {
			if e.Bucket == "" || e.Key == "" || !utf8.ValidString(e.Key) || slices.Contains(events[:i], e) {
				t.Fatalf("event %d: %q", i, e)
			}
		}
	})
}
