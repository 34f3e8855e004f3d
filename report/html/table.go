package html

import (
	"strings"

	"github.com/oneinode/oneinode/report/show"
)

// table numbers texts that come again and again; "" is 0.
type table struct {
	at   map[string]int
	list []string
}

func newTable() table { return table{map[string]int{"": 0}, []string{""}} }

func (t *table) number(text string) int {
	n, ok := t.at[text]
	if !ok {
		n = len(t.list)
		t.at[text] = n
		t.list = append(t.list, text)
	}
	return n
}

// tree numbers directories by their parent and name; 0 is above all of them.
type tree struct {
	at      map[branch]int
	paths   map[string]int // the last word on whole paths, to look each up once
	parents []int
	names   []string // as people read them
}

type branch struct {
	parent int
	name   string
}

func newTree() tree {
	return tree{map[branch]int{}, map[string]int{}, []int{0}, []string{""}}
}

// number returns the number of a directory beneath a top, which ends in a slash, or "" where
// the path is relative.
func (t *tree) number(top, dir string) int {
	key := top + "\x00" + dir
	if n, ok := t.paths[key]; ok {
		return n
	}
	n := 0
	if top != "" {
		n = t.branch(n, top)
	}
	for part := range strings.SplitSeq(dir, "/") {
		if part != "" {
			n = t.branch(n, part)
		}
	}
	t.paths[key] = n
	return n
}

func (t *tree) branch(parent int, name string) int {
	b := branch{parent, name}
	n, ok := t.at[b]
	if !ok {
		n = len(t.names)
		t.at[b] = n
		t.parents = append(t.parents, parent)
		t.names = append(t.names, show.Quote(name))
	}
	return n
}
