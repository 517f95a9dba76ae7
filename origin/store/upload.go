package store

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

const (
	// inFlight is how many parts are under way at once.
	inFlight = 2
	mimeType = "image/tiff"
	// abortTime bounds the clearing up after a failure.
	abortTime = 15 * time.Second
	// abortPause is the first pause between two looks for what came in late.
	abortPause = 50 * time.Millisecond
)

// objectUpload is an object in parts of one size, as R2 wants them. The first
// part, where the head belongs, is kept back until the end; what fits in it goes
// up in one request.
type objectUpload struct {
	*bucket
	key, nonce string
	ctx        context.Context
	cancel     context.CancelCauseFunc
	order      order
	over       bool

	front  []byte // from the beginning of the file, at most frontSize
	rest   []byte // of the part that is being filled
	number int32  // of that part
	id     *string

	flight chan struct{} // a token for each part under way
	wait   sync.WaitGroup
	mu     sync.Mutex
	parts  []types.CompletedPart
	spare  [][]byte // buffers for the next parts
	err    error    // the first failure
	// interrupted says that a part failed whose request the bucket may still carry out.
	interrupted bool
}

// frontSize returns the bytes that are kept back: whole parts that hold the head.
func (u *objectUpload) frontSize() int64 {
	return (u.order.start + u.part - 1) / u.part * u.part
}

func (u *objectUpload) WriteAt(p []byte, off int64) (int, error) {
	const op = "store.WriteAt"
	if err := u.usable(op); err != nil {
		return 0, err
	}
	if err := u.order.take(op, len(p), off); err != nil {
		return 0, err
	}
	if off == 0 {
		copy(u.front, p)
		return len(p), nil
	}
	if u.front == nil {
		u.front = make([]byte, off)
		u.number = int32(u.frontSize()/u.part) + 1
	}
	n := len(p)
	if room := u.frontSize() - int64(len(u.front)); room > 0 {
		m := int(min(room, int64(len(p))))
		u.front = append(u.front, p[:m]...)
		p = p[m:]
	}
	for len(p) > 0 {
		if int64(len(u.rest)) == u.part {
			if err := u.ship(); err != nil {
				return 0, err
			}
		}
		if u.rest == nil {
			u.rest = u.buffer()
		}
		m := min(int(u.part)-len(u.rest), len(p))
		u.rest = append(u.rest, p[:m]...)
		p = p[m:]
	}
	return n, nil
}

// usable returns why no more can be written.
func (u *objectUpload) usable(op string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case u.over:
		return fault.E(op, fault.Invalid, errors.New("the upload is over"))
	case u.err != nil:
		return u.err
	case u.ctx.Err() != nil:
		return bucketFault(u.ctx, op, u.ctx.Err())
	}
	return nil
}

func (u *objectUpload) buffer() []byte {
	u.mu.Lock()
	defer u.mu.Unlock()
	if n := len(u.spare); n > 0 {
		b := u.spare[n-1]
		u.spare = u.spare[:n-1]
		return b[:0]
	}
	return make([]byte, 0, u.part)
}

// ship sends rest as a part, in the background.
func (u *objectUpload) ship() error {
	const op = "store.WriteAt"
	if u.number > maxParts {
		return fault.E(op, fault.Unsupported, errors.New("the pyramid needs more than 10,000 parts"))
	}
	if err := u.begin(op); err != nil {
		return err
	}
	b, number := u.rest, u.number
	u.rest = nil
	u.number++
	u.send(b, number)
	return u.usable(op)
}

// begin opens the multipart upload.
func (u *objectUpload) begin(op string) error {
	if u.id != nil {
		return nil
	}
	answer, err := u.client.CreateMultipartUpload(u.ctx, &s3.CreateMultipartUploadInput{
		Bucket: &u.name, Key: &u.key, ContentType: aws.String(mimeType), Metadata: map[string]string{mark: u.nonce},
	})
	if err != nil {
		return bucketFault(u.ctx, op, err)
	}
	u.id = answer.UploadId
	return nil
}

// send sends one part in the background, when there is room for it.
func (u *objectUpload) send(b []byte, number int32) {
	u.flight <- struct{}{}
	u.wait.Go(func() {
		defer func() { <-u.flight }()
		answer, err := u.client.UploadPart(u.ctx, &s3.UploadPartInput{
			Bucket: &u.name, Key: &u.key, UploadId: u.id, PartNumber: &number, Body: bytes.NewReader(b),
		})
		u.mu.Lock()
		defer u.mu.Unlock()
		if err != nil {
			u.interrupted = true
			if u.err == nil {
				u.err = bucketFault(u.ctx, "store.WriteAt", err)
				u.cancel(u.err) // the other parts are of no use
			}
			return
		}
		u.parts = append(u.parts, types.CompletedPart{ETag: answer.ETag, PartNumber: &number})
		if int64(cap(b)) == u.part && len(u.spare) < inFlight {
			u.spare = append(u.spare, b)
		}
	})
}

// Commit sends what is left, the head at the very last, and has the bucket put
// the parts together.
func (u *objectUpload) Commit() error {
	const op = "store.Commit"
	if err := u.usable(op); err != nil {
		return err
	}
	if err := u.order.done(op); err != nil {
		return err
	}
	if u.id == nil && u.rest == nil {
		_, err := u.client.PutObject(u.ctx, &s3.PutObjectInput{
			Bucket: &u.name, Key: &u.key, ContentType: aws.String(mimeType), Metadata: map[string]string{mark: u.nonce},
			Body: bytes.NewReader(u.front),
		})
		if err != nil {
			return bucketFault(u.ctx, op, err)
		}
		u.finish()
		return nil
	}
	if u.rest != nil {
		if err := u.ship(); err != nil {
			return err
		}
	}
	u.wait.Wait()
	for at := int64(0); at < int64(len(u.front)); at += u.part {
		u.send(u.front[at:at+u.part], int32(at/u.part)+1)
	}
	u.wait.Wait()
	if err := u.usable(op); err != nil {
		return err
	}
	slices.SortFunc(u.parts, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	_, err := u.client.CompleteMultipartUpload(u.ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &u.name, Key: &u.key, UploadId: u.id, MultipartUpload: &types.CompletedMultipartUpload{Parts: u.parts},
	})
	// A lost answer to a first attempt makes the second fail, for there is no such
	// upload any more.
	if err != nil && !(codeOf(err) == "NoSuchUpload" && u.stored()) {
		return bucketFault(u.ctx, op, err)
	}
	u.finish()
	return nil
}

// stored reports whether the object is there, and is this one.
func (u *objectUpload) stored() bool {
	answer, err := u.client.HeadObject(u.ctx, &s3.HeadObjectInput{Bucket: &u.name, Key: &u.key})
	return err == nil && answer.Metadata[mark] == u.nonce
}

func (u *objectUpload) finish() {
	u.mu.Lock()
	u.over, u.front, u.spare = true, nil, nil
	u.mu.Unlock()
	u.cancel(nil)
}

// Abort clears up even when the upload's context is over.
func (u *objectUpload) Abort() error {
	if u.over {
		return nil
	}
	u.cancel(context.Canceled)
	u.wait.Wait()
	u.finish()
	u.rest = nil
	if u.id == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.ctx), abortTime)
	defer cancel()
	// A part that was on its way when its request was canceled may still arrive and
	// bring the upload back (S3 API, AbortMultipartUpload): abort until there is none.
	for pause := abortPause; ; pause *= 2 {
		_, err := u.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.name, Key: &u.key, UploadId: u.id})
		if codeOf(err) == "NoSuchUpload" {
			return nil
		}
		if err != nil {
			return bucketFault(ctx, "store.Abort", err)
		}
		if pause > abortPause<<4 || !u.interrupted {
			return nil
		}
		time.Sleep(pause)
	}
}
