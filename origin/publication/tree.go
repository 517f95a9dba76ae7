package publication

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"strings"

	"github.com/vitrine-iiif/vitrine/manifests/folder"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// Tree shows the images below the prefix of a bucket to package folder.
type Tree struct {
	Bucket *Bucket
}

var _ folder.Tree = Tree{}

// List yields every object with its ETag as the stamp.
func (t Tree) List(ctx context.Context) iter.Seq2[folder.Entry, error] {
	b := t.Bucket
	return func(yield func(folder.Entry, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(folder.Entry{}, bucketFault(ctx, "publication.Tree", err))
				return
			}
			for _, o := range page.Contents {
				name := strings.TrimPrefix(aws.ToString(o.Key), b.prefix)
				if name == "" || strings.HasSuffix(name, "/") {
					continue // a folder that a console made
				}
				if !yield(folder.Entry{Path: name, Stamp: strings.Trim(aws.ToString(o.ETag), `"`)}, nil) {
					return
				}
			}
		}
	}
}

// Read returns a whole object.
func (t Tree) Read(ctx context.Context, name string, limit int64) ([]byte, error) {
	body, _, err := t.Bucket.Get(ctx, name)
	if err == nil && int64(len(body)) > limit {
		return nil, fault.New("publication.Tree", fault.Invalid, name+" is too large")
	}
	return body, err
}
