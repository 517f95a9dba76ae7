package store

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/vitrine-iiif/vitrine/origin/source"
)

// requestTime bounds one attempt: a part of an upload at 70 KB/s.
const requestTime = 2 * time.Minute

// Client makes a client for writing to the service that c describes; bucket and prefix
// are the caller's business. It sends each request up to tries times. The second value
// holds its connections, for closing idle ones.
func Client(ctx context.Context, c source.S3Config, tries int) (*s3.Client, *awshttp.BuildableClient, error) {
	client := awshttp.NewBuildableClient().WithTimeout(requestTime)
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithDefaultRegion("us-east-1"),
		config.WithRetryer(func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), tries) }),
		// Stores outside of AWS refuse the newer headers.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	switch {
	case c.Anonymous:
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	case c.AccessKey != "":
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.AccessKey, c.Secret, "")))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, nil, err
	}
	return s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
	}), client, nil
}
