package source

import (
	"os"
	"syscall"
)

// isLocal reports whether the file lies on a file system of this machine, whose
// metadata are in memory or on a disk. Those of a file server may keep a system
// call for ever, so what is not known counts as one.
func isLocal(f *os.File) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var info syscall.Statfs_t
	fails := conn.Control(func(fd uintptr) { err = syscall.Fstatfs(int(fd), &info) })
	if fails != nil || err != nil {
		return false
	}
	// statfs(2); the numbers are 32 bits wide, the field is signed here and there.
	switch uint32(info.Type) {
	case 0xef53, // ext2, ext3, ext4
		0x58465342, // XFS
		0x9123683e, // Btrfs
		0x2fc12fc1, // ZFS
		0xf2f52010, // F2FS
		0x01021994, // tmpfs
		0x858458f6, // ramfs
		0x794c7630, // overlayfs
		0x73717368: // SquashFS
		return true
	}
	return false
}
