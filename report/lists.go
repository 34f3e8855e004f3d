package report

import (
	"bufio"
	"encoding/base64"
	"encoding/csv"
	"slices"
	"strconv"
	"strings"

	"github.com/oneinode/oneinode/report/schema"
	"github.com/oneinode/oneinode/report/show"
)

// writeFdupes writes one path a line as raw bytes and an empty line between
// sets, as fdupes does, for the scripts that read that. With Null a NUL ends
// each path and a further one separates sets: then no name can be mistaken.
func writeFdupes(out *bufio.Writer, src schema.Source, style Style) error {
	end := byte('\n')
	if style.Null {
		end, style.Terminal = 0, false // NULs are for programs, wherever they go
	}
	first := true
	for set, err := range src.Sets() {
		if err != nil {
			return err
		}
		if !first {
			_ = out.WriteByte(end) // a bufio.Writer keeps its error until Flush
		}
		first = false
		for _, inode := range set.Inodes {
			for _, p := range inode.Paths {
				_, _ = out.WriteString(style.name(p.Raw()))
				if err := out.WriteByte(end); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// name is how a list shows a name.
func (s *Style) name(raw string) string {
	if s.Terminal {
		return show.Quote(raw)
	}
	return raw
}

func csvHeader() []string {
	return []string{
		"set", "size", "digest", "device", "reclaimable_bytes", "inode", "links", "allocated", "uid", "gid",
		"mode", "mtime", "ctime", "action", "reason", "path", "path_b64", "host",
	}
}

// writeCSV writes one row a path; "set" numbers the sets from 1.
func writeCSV(out *bufio.Writer, src schema.Source, style Style) error {
	w := csv.NewWriter(out)
	if err := w.Write(csvHeader()); err != nil {
		return err
	}
	number := 0
	for set, err := range src.Sets() {
		if err != nil {
			return err
		}
		number++
		if err := csvSet(w, number, &set, style); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

func csvSet(w *csv.Writer, number int, set *schema.Set, style Style) error {
	for i := range set.Inodes {
		row := csvInode(number, set, &set.Inodes[i])
		for _, p := range set.Inodes[i].Paths {
			cells := slices.Concat(row, []string{p.Text, csvB64(p), set.Host})
			for c, text := range cells {
				cells[c] = style.name(text)
			}
			if err := w.Write(cells); err != nil {
				return err
			}
		}
	}
	return nil
}

func csvInode(number int, set *schema.Set, in *schema.Inode) []string {
	u := func(n uint64) string { return strconv.FormatUint(n, 10) }
	d := func(n int64) string { return strconv.FormatInt(n, 10) }
	return []string{
		strconv.Itoa(number), d(set.Size), set.Digest, u(set.ID(in).Dev), d(set.ReclaimableBytes),
		u(in.Inode), u(uint64(in.Links)), d(in.Allocated), u(uint64(in.UID)), u(uint64(in.GID)),
		textOf(in.Mode), textOf(in.Mtime), textOf(in.Ctime), in.Action, in.Reason,
	}
}

// textOf is for types of package schema, whose MarshalText never fails.
func textOf(v interface{ MarshalText() ([]byte, error) }) string {
	b, _ := v.MarshalText()
	return string(b)
}

// csvB64 gives the bytes of names that CSV cannot carry: those that are not
// UTF-8, and those with a carriage return, which readers turn into a line feed.
func csvB64(p schema.Path) string {
	if len(p.B64) == 0 && !strings.Contains(p.Text, "\r") {
		return ""
	}
	return base64.StdEncoding.EncodeToString([]byte(p.Raw()))
}
