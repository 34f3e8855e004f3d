package hash

// Xattrs returns all extended attributes of an open file, names to values; nil
// when there are none.
func Xattrs(fd int) (map[string][]byte, error) {
	names, err := xattrNames(fd)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	all := make(map[string][]byte, len(names))
	for _, name := range names {
		if all[name], err = xattrValue(fd, name); err != nil {
			return nil, err
		}
	}
	return all, nil
}
