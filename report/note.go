package report

import "strings"

// Note tells the user something about the whole run that is no error.
func (t *Troubles) Note(text string) {
	if t.json {
		t.write(mustJSON(note{Level: "note", Text: text}))
		return
	}
	t.write([]byte("oneinode: " + Escape(text) + "\n"))
}

type note struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

// Path tells of one path of a past run, or one that was named, that something is to be
// said about.
func (t *Troubles) Path(path, reason string, err error) {
	line := trouble{Path: NewPath(path), Reason: reason}
	if err != nil {
		line.Error, line.Hint = cause(err), strings.TrimSuffix(hint(err), hintExclude)
	}
	t.tell(line)
}
