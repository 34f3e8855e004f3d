package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// Every key of a job is a flag of dedupe, and every flag that makes sense in a
// file is a key.
func TestJobKeysAreFlags(t *testing.T) {
	flags := newRunJob(&app{}).Flags()
	keys := keyNames()
	for _, key := range keys {
		if flags.Lookup(key) == nil && key != "paths" && key != "preset" {
			t.Errorf("no flag --%s", key)
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(keys, f.Name) && !slices.Contains(append(spokenFlags(), "config", "list"), f.Name) {
			t.Errorf("--%s is no key, and nothing says why", f.Name)
		}
	})
	if !flags.Lookup("from").Hidden {
		t.Error("the help offers --from, which no job can have")
	}
}

// Every preset can be set, and tells why of each flag that it sets.
func TestPresets(t *testing.T) {
	for _, p := range presets() {
		flags := newRunJob(&app{}).Flags()
		if err := p.sets.apply(flags, nil); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		for _, s := range p.sets.settings() {
			if !strings.Contains(strings.Join(p.why, "\n"), s.flag) {
				t.Errorf("%s does not say why %s", p.name, s.flag)
			}
		}
	}
}

func TestParseJobs(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"[job.a]\npaths = ['/x']\nmin-sise = 3\n", `line 3: unknown key "job.a.min-sise": did you mean min-size?`},
		{"[job.a]\npath = ['/x']\n", `line 2: unknown key "job.a.path": did you mean paths or match?`},
		{"[job.a]\npaths = ['/x']\nlanguage = 'en'\n", `line 3: unknown key "job.a.language": neither paths, preset, nor a flag of dedupe without its dashes`},
		{"[job.a]\npaths = ['/x']\ncolor = 'never'\n", `line 3: unknown key "job.a.color": a flag for the command line only`},
		{"[jobs.a]\n", `line 1: unknown key "jobs.a": begin each job with [job.NAME]`},
		{"paths = ['/x']\n", `line 1: unknown key "paths": begin each job with [job.NAME]`},
		{"[job.a]\npaths = ['/x']\nidle = 'yes'\n", `line 3: idle must be true or false`},
		{"[job.a]\npaths = '/x'\n", `line 2: paths must be a list of texts, as in [`},
		{"[job.a]\npaths = ['/x']\nmin-age = 7\n", `line 3: min-age must be a text in quotes`},
		{"[job]\na = 3\n", `line 2: a must be a table: begin each job with [job.NAME]`},
		{"[job.a]\npaths = [\n", `line `},
		{"[job.a]\npaths = ['/x']\nidle = yes\n", `line 3, column 8: a value is true, false, a number, a list, or a text in quotes`},
		{"[job.a]\npaths = [/x]\n", `line 2, column 10: a value is `},
		{"[[job.a]]\npaths = ['/x']\n", `line 1, column 3: begin each job with [job.NAME]`},
		{"[job.a]\npaths = ['x']\n", `x is not absolute`},
		{"[job.a]\npaths = ['/x']\nstate-dir = 'state'\n", `state is not absolute`},
		{"[job.a]\npaths = ['/x']\ncache-dir = 'cache'\n", `cache is not absolute`},
		{"[job.a]\npaths = ['/x']\nmetrics = 'x.prom'\n", `x.prom is not absolute`},
		{"[job.a]\npaths = ['/x']\noutput = ['/x.json', 'y.json']\n", `y.json is not absolute`},
		{"[job.a]\npaths = ['/x']\nexclude-from = ['globs']\n", `globs is not absolute`},
		{"[job.a]\n", `no paths`},
		{"[job.a]\npaths = ['/x']\npreset = 'musik'\n", `"musik" is not one of the presets music, `},
		{"[job.a]\npaths = ['/x']\nstate-dir = ''\n", `state-dir: an empty text was given; write a value, or leave the key out`},
		{"[job.a]\npaths = ['/x']\nmin-age = ''\n", `min-age: an empty text`},
		{"[job.a]\npaths = ['/x']\nmin-size = ''\n", `min-size: an empty text`},
		{"[job.a]\npaths = ['/x']\nmatch = ['owner', '']\n", `match: an empty text`},
		{"[job.a]\npaths = ['/x', '']\n", `paths: an empty text`},
		{"[job.'a b']\npaths = ['/x']\n", `a name can have`},
	} {
		if _, err := parseJobs([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
	jobs, err := parseJobs([]byte("[job.a]\npaths = ['/x']\nmax-links = 7\nmin-size = '4K'\nexclude = ['a', 'b']\nidle = false\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parseJobs([]byte("\ufeff[job.a]\r\npaths = ['/x']\r\n")); err != nil {
		t.Errorf("with the mark and the lines of another system's editor: %v", err)
	}
	list, err := parseJobs([]byte("[job.a]\npaths = ['/x']\nmatch = ['owner', 'mtime']\n"))
	if err != nil || !reflect.DeepEqual(list["a"].settings(), []setting{{"match", "owner,mtime"}}) {
		t.Errorf("match as a list: %v, %v", list["a"], err)
	}
	want := []setting{{"min-size", "4K"}, {"exclude", "a"}, {"exclude", "b"}, {"max-links", "7"}, {"idle", "false"}}
	if got := jobs["a"].settings(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A job may say otherwise than its preset, also where the command line must not
// say a thing twice.
func TestJobReplacesWordsOfItsPreset(t *testing.T) {
	flags := newRunJob(&app{}).Flags()
	for _, j := range []jobConfig{{Match: "all"}, {Match: "none"}} {
		if err := j.apply(flags, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := flags.Lookup("match").Value.String(); got != "none" {
		t.Errorf("--match %s, want none", got)
	}
}

// What a unit's command line says goes before a job's own words: it says only what no job can.
func TestUnitLeavesJobsTheirWords(t *testing.T) {
	unit, err := os.ReadFile("../../packaging/systemd/oneinode@.service")
	if err != nil {
		t.Fatal(err)
	}
	_, line, _ := strings.Cut(string(unit), "ExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	for word := range strings.FieldsSeq(line) {
		if flag, isFlag := strings.CutPrefix(word, "--"); isFlag && !slices.Contains(spokenFlags(), flag) {
			t.Errorf("--%s goes before the %s of a job", flag, flag)
		}
	}
	if want := "Environment=" + lockVariable + "=30m\n"; !strings.Contains(string(unit), want) {
		t.Errorf("no %s", want)
	}
}

// How long a job waits for another run: as is typed, as the job says, as the environment says.
func TestLockWaitOfJobs(t *testing.T) {
	for _, c := range []struct{ typed, job, environment, want string }{
		{"1s", "2m", "30m", "1s"}, {"", "2m", "30m", "2m"}, {"", "0s", "30m", "0s"}, {"", "", "30m", "30m"}, {"", "", "", ""},
	} {
		t.Setenv(lockVariable, c.environment)
		cmd := newRunJob(&app{})
		if c.typed != "" {
			_ = cmd.Flags().Set("lock-wait", c.typed)
		}
		job := &jobConfig{Paths: []string{"/x"}}
		if c.job != "" {
			job.LockWait = &c.job
		}
		jobs := jobSet{named: map[string]*jobConfig{"a": job}}
		if _, err := new(runOptions).configure(cmd.Flags(), jobs, []string{"a"}); err != nil {
			t.Error(err)
		}
		if got := cmd.Flags().Lookup("lock-wait").Value.String(); got != c.want {
			t.Errorf("%+v: waits %q", c, got)
		}
	}
}

// A file with a fault holds up no job of another, and is told with the jobs that may be in it.
func TestJobsBesideFaults(t *testing.T) {
	config := t.TempDir()
	for name, text := range map[string]string{
		"good": "[job.good]\npaths = ['/x']\n[job.both]\npaths = ['/x']\n", "bad": "[job.bad]\npaths = ['/x']\nmin-sise = 3\n", "too": "[job.both]\npaths = ['/y']\n",
	} {
		if err := os.WriteFile(filepath.Join(config, name+".toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(config, "open.toml"), []byte("[job.open]\npaths = ['/x']\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(config, "open.toml"), 0o666); err != nil {
		t.Fatal(err)
	}
	jobs := jobsOf(findJobs([]string{config}))
	if len(jobs.faults) != 3 {
		t.Errorf("%v, want the wrong one, the one that everybody may write, and the job that is there twice", jobs.faults)
	}
	for job, want := range map[string]string{
		"good": "", "bad": `bad.toml: line 3: unknown key`, "both": "job both is both in ", "open": "everybody",
		"none": "no job \"none\", unless it is in a file with an error\n",
	} {
		_, err := new(runOptions).jobOf(jobs, []string{job})
		if told := fmt.Sprint(cmp.Or(err, errors.New(""))); (told == "") != (want == "") || !strings.Contains(told, want) {
			t.Errorf("%s: %q, want %q", job, told, want)
		}
	}
}

// Who may write a job says what root replaces, and where it writes to.
func TestJobsOfOthers(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.toml")
	if err := os.WriteFile(file, []byte("[job.x]\npaths = [\"/x\"]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if files, faults := findJobs([]string{dir}); len(faults) > 0 || len(files) != 1 {
		t.Errorf("ours: %v, %v", files, faults)
	}
	nowhere := filepath.Join(dir, "nowhere.toml")
	if err := os.Symlink("gone", nowhere); err != nil {
		t.Fatal(err)
	}
	if err := faultOf(dir); err == nil || hintOf(err) != "" || !strings.Contains(err.Error(), "nowhere.toml: no such file") {
		t.Errorf("a link that leads nowhere: %v, hint %q", err, hintOf(err))
	}
	if err := os.Remove(nowhere); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := faultOf(dir); err == nil || !strings.Contains(err.Error(), "everybody") {
		t.Errorf("everybody's: %v", err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can give files to another user")
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(file, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := faultOf(dir); err == nil || !strings.Contains(err.Error(), "another user") {
		t.Errorf("another's: %v", err)
	}
}

func faultOf(dir string) error {
	_, faults := findJobs([]string{dir})
	return errors.Join(faults...)
}
