package presentation

import (
	"bytes"
	"os"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/vitrine-iiif/vitrine/manifests/validate"
)

// schemaFile is the IIIF community's schema. It carries no licence, so it is not part
// of the project.
const schemaFile = "../../../shared/presentation-3.schema.json"

var schema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	f, err := os.Open(schemaFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	doc, err := jsonschema.UnmarshalJSON(f)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("presentation-3.json", doc); err != nil {
		return nil, err
	}
	return c.Compile("presentation-3.json")
})

// conforms fails t unless the document passes the schema.
func conforms(t *testing.T, document any) {
	t.Helper()
	s, err := schema()
	if err != nil {
		if os.Getenv("VITRINE_CI") == "1" {
			t.Fatal(err)
		}
		t.Skip("the schema is not here: ", err)
	}
	data, err := Encode(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range validate.Document(data) {
		t.Errorf("%s\n%s", p, data)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(value); err != nil {
		t.Errorf("%v\n%s", err, data)
	}
}
