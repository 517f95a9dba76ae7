package main

import (
	"fmt"
	"io"
	"os"

	lint "github.com/vitrine-iiif/vitrine/manifests/validate"
)

// manifestsCommand groups what is done with manifests as files.
type manifestsCommand struct {
	Validate validateCommand `cmd:"" help:"Check Presentation 3 documents: types, values, ids, targets, regions."`
}

// validateCommand checks documents.
type validateCommand struct {
	File []string `arg:"" help:"Documents of IIIF Presentation 3; - is standard input."`
}

// maxDocument is the largest document that is read.
const maxDocument = 256 << 20

// run checks the files and returns the exit status: 0 good (warnings are allowed), 1
// something is wrong.
func (c *validateCommand) run(stdin io.Reader, stdout, stderr io.Writer) int {
	status := 0
	for _, name := range c.File {
		data, err := readDocument(name, stdin)
		if err != nil {
			fmt.Fprintln(stderr, "vitrine:", err)
			status = 1
			continue
		}
		errors := 0
		for _, p := range lint.Document(data) {
			fmt.Fprintf(stdout, "%s: %s\n", name, p)
			if !p.Warning {
				errors++
			}
		}
		if errors > 0 {
			status = 1
		} else {
			fmt.Fprintf(stdout, "%s: good\n", name)
		}
	}
	return status
}

func readDocument(name string, stdin io.Reader) ([]byte, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("%s is larger than 256 MiB", name)
	}
	return data, err
}
