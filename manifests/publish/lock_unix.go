//go:build unix

package publish

import (
	"os"
	"syscall"
)

// lockFile takes the lock that the system releases when the process ends.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
