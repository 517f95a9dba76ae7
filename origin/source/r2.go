package source

import (
	"strings"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// R2Config returns how buckets of Cloudflare R2 are reached over its S3 API. account
// is the account ID, 32 hexadecimal digits, for buckets of a jurisdiction followed
// by ".eu" or ".fedramp"; it is Invalid otherwise. access and secret are those of
// an R2 API token; when they are empty the AWS credential chain is asked.
func R2Config(account, access, secret string) (S3Config, error) {
	id, jurisdiction, found := strings.Cut(account, ".")
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || found && jurisdiction != "eu" && jurisdiction != "fedramp" {
		return S3Config{}, fault.New("source.R2Config", fault.Invalid, "the R2 account must be an account ID of 32 hexadecimal digits")
	}
	return S3Config{
		Endpoint: "https://" + account + ".r2.cloudflarestorage.com",
		Region:   "auto", // R2 has no other
		// The certificate covers one label before the account, so a bucket in the host
		// name works too, but not one with a dot in its name.
		PathStyle: true,
		AccessKey: access, Secret: secret,
	}, nil
}
