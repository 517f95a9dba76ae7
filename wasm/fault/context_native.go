//go:build !wasm

package fault

import (
	"context"
	"errors"
)

// contextKind returns the kind of the context errors, Internal for anything else.
func contextKind(err error) Kind {
	switch {
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	}
	return Internal
}
