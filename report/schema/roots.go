package schema

import "github.com/oneinode/oneinode/scan"

// Root is one PATH of a run.
type Root struct {
	Path
	Reference bool `json:"reference,omitempty"` // given by --reference

	Host   string  `json:"host,omitempty"`   // in a report of several hosts
	Amount *Amount `json:"amount,omitempty"` // what lies beneath it, when the run counted it
}

// RootsOf describes PATHs, with what lies beneath each where that is known. For the
// files of a saved scan its own PATHs are told, each once.
func RootsOf(roots []scan.Root, amounts []*Amount) []Root {
	list, told := []Root{}, map[string]bool{}
	for i, r := range roots {
		switch {
		case r.Top == "" && amounts == nil:
			list = append(list, Root{Path: NewPath(r.Path), Reference: r.Protected})
		case r.Top == "":
			list = append(list, Root{Path: NewPath(r.Path), Reference: r.Protected, Amount: amounts[i]})
		case !told[r.Top]:
			told[r.Top] = true
			list = append(list, Root{Path: NewPath(r.Top)})
		}
	}
	return list
}
