package dedupe

import "golang.org/x/sys/unix"

// dedupeRange has the kernel compare a range of two files and, if they agree,
// share the first one's blocks (ioctl_fideduperange(2)). Descriptors open for
// reading will do for root and for the owner of the second file (Linux 4.19). It
// returns how much of the range is shared now, and whether it was the same.
func dedupeRange(from, to int, at, length int64) (n int64, same bool, err error) {
	r := unix.FileDedupeRange{
		Src_offset: uint64(at), Src_length: uint64(length),
		Info: []unix.FileDedupeRangeInfo{{Dest_fd: int64(to), Dest_offset: uint64(at)}},
	}
	if err := retry(func() error { return unix.IoctlFileDedupeRange(from, &r) }); err != nil {
		return 0, false, err
	}
	switch status := r.Info[0].Status; {
	case status == unix.FILE_DEDUPE_RANGE_DIFFERS:
		return 0, false, nil
	case status < 0:
		return 0, false, unix.Errno(-status)
	}
	return int64(r.Info[0].Bytes_deduped), true, nil
}
