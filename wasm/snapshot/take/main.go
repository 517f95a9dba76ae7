// Command take boots a Wasm program and writes it as it is then: take IN OUT. See
// package snapshot.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/vitrine-iiif/vitrine/wasm/snapshot"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "take:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: take IN OUT")
	}
	program, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	booted, err := snapshot.Take(context.Background(), program)
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], booted, 0o644)
}
