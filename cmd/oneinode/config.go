package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"

	"github.com/oneinode/oneinode/dedupe/lock"
	"github.com/oneinode/oneinode/report/show"
)

// systemConfig holds the jobs of the machine, *.toml.
const systemConfig = "/etc/oneinode"

// jobConfig is a job as a file describes it. Each key but the first two is the
// name of a flag of dedupe, and takes what the flag takes; numbers may stand
// without quotes, and what has commas may be a list. nil is for what it does not say.
type jobConfig struct {
	Paths  []string `toml:"paths"`
	Preset *string  `toml:"preset"`

	MinSize       any      `toml:"min-size"`
	MaxSize       any      `toml:"max-size"`
	Include       []string `toml:"include"`
	Exclude       []string `toml:"exclude"`
	ExcludeFrom   []string `toml:"exclude-from"`
	Depth         any      `toml:"depth"`
	OneFilesystem *bool    `toml:"one-file-system"`
	MinAge        *string  `toml:"min-age"`
	SkipMarked    *bool    `toml:"skip-marked"`
	Link          *string  `toml:"link"`
	Absolute      *bool    `toml:"absolute"`
	Match         any      `toml:"match"`
	Keep          *string  `toml:"keep"`
	Reference     []string `toml:"reference"`
	AcrossOnly    *bool    `toml:"across-only"`
	MaxLinks      any      `toml:"max-links"`
	Verify        *string  `toml:"verify"`
	DryRun        *bool    `toml:"dry-run"`
	Output        []string `toml:"output"`
	Format        *string  `toml:"format"`
	Quiet         *bool    `toml:"quiet"`
	Verbose       *bool    `toml:"verbose"`
	LogFormat     *string  `toml:"log-format"`
	Threads       any      `toml:"threads"`
	Device        *string  `toml:"device"`
	NoCache       *bool    `toml:"no-cache"`
	CacheDir      *string  `toml:"cache-dir"`
	StateDir      *string  `toml:"state-dir"`
	MaxDuration   *string  `toml:"max-duration"`
	MaxRead       any      `toml:"max-read"`
	IOLimit       any      `toml:"io-limit"`
	Idle          *bool    `toml:"idle"`
	LockWait      *string  `toml:"lock-wait"`
	Metrics       *string  `toml:"metrics"`

	file  string // where it was found
	fault error  // why it is not done
}

// preset is the name of a job's preset, "" for none.
func (j *jobConfig) preset() string {
	if j.Preset == nil {
		return ""
	}
	return *j.Preset
}

// keys yields the keys of a job's file, each with what this one says.
func (j *jobConfig) keys() iter.Seq2[string, reflect.Value] {
	return func(yield func(string, reflect.Value) bool) {
		for field, value := range reflect.ValueOf(*j).Fields() {
			if key := field.Tag.Get("toml"); key != "" && !yield(key, value) {
				return
			}
		}
	}
}

// setting is one word for one flag.
type setting struct{ flag, word string }

// settings lists what the job says, in the order of the keys above.
func (j *jobConfig) settings() []setting {
	var list []setting
	for key, value := range j.keys() {
		if key == "paths" || key == "preset" || value.IsZero() {
			continue
		}
		for _, word := range wordsIn(reflect.Indirect(value).Interface()) {
			list = append(list, setting{key, word})
		}
	}
	return list
}

// wordsIn returns a word for each time that the flag of a value is to be given.
func wordsIn(value any) []string {
	switch v := value.(type) {
	case []string:
		return v
	case []any:
		return []string{joined(v)}
	}
	return []string{fmt.Sprint(value)}
}

func joined(words []any) string {
	var list []string
	for _, w := range words {
		list = append(list, fmt.Sprint(w))
	}
	return strings.Join(list, ",")
}

// apply sets the flags that the user has not set. A flag that can be repeated
// keeps what was set before; of others a job may replace what its preset says.
func (j *jobConfig) apply(flags *pflag.FlagSet, given map[string]bool) error {
	for _, s := range j.settings() {
		if given[s.flag] {
			continue
		}
		if f, ok := flags.Lookup(s.flag).Value.(interface{ forget() }); ok {
			f.forget()
		}
		if err := flags.Set(s.flag, s.word); err != nil {
			if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
				err = invalid.Unwrap()
			}
			return fmt.Errorf("%s: %w", s.flag, err)
		}
	}
	return nil
}

// jobSet is what files of jobs say. A file that cannot be taken is a fault, and keeps nobody
// from the jobs of others.
type jobSet struct {
	named  map[string]*jobConfig
	faults []error
}

// names lists the jobs that there are.
func (s jobSet) names() []string { return slices.Sorted(maps.Keys(s.named)) }

// readJobs reads the jobs of one file, or of all in the usual places.
func readJobs(file string) jobSet {
	if file == "" {
		return jobsOf(findJobs(configDirs()))
	}
	return jobsOf([]string{file}, nil)
}

// jobsOf reads the jobs of files, and adds to the faults.
func jobsOf(files []string, faults []error) jobSet {
	jobs := jobSet{map[string]*jobConfig{}, faults}
	for _, f := range files {
		if err := addJobs(jobs.named, f); err != nil {
			jobs.faults = append(jobs.faults, err)
		}
	}
	return jobs
}

// findJobs lists the files of directories. As cron does, it takes no job of which another
// user than root says what root is to do. Who names a file has seen to that.
func findJobs(dirs []string) (files []string, faults []error) {
	for _, dir := range dirs {
		found, _ := filepath.Glob(filepath.Join(dir, "*.toml")) // fails for a bad pattern only
		for _, f := range found {
			if err := distrust(f); err != nil {
				faults = append(faults, err)
				continue
			}
			files = append(files, f)
		}
	}
	return files, faults
}

func distrust(file string) error {
	err := lock.Trust(file)
	if _, distrusted := errors.AsType[*lock.DistrustError](err); distrusted {
		return &hintedError{err, "a job must be yours or root's, and not writable for everybody (chown, chmod); --config takes any file"}
	}
	if err != nil {
		return show.PathError(file, err)
	}
	return nil
}

// addJobs adds those of a file. A job that is in two of them is not done: neither says which is meant.
func addJobs(jobs map[string]*jobConfig, file string) (fault error) {
	text, err := os.ReadFile(file)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return usage("--config: %w", show.PathError(file, err))
		}
		return show.PathError(file, err)
	}
	found, wrong := parseJobs(text)
	if wrong != nil {
		wrong = usage("%s: %w", show.Quote(file), wrong)
	}
	fault = wrong
	for name, job := range found {
		job.file, job.fault = file, wrong
		if other := jobs[name]; other != nil {
			job.fault = usage("job %s is both in %s and in %s", name, show.Quote(other.file), show.Quote(file))
			fault = cmp.Or(wrong, job.fault)
		}
		jobs[name] = job
	}
	return fault
}

// parseJobs reads TOML. What it does not know is an error, with its line; the jobs are
// told with it, as far as it is TOML.
func parseJobs(text []byte) (map[string]*jobConfig, error) {
	var doc struct {
		Job map[string]*jobConfig `toml:"job"`
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors begin a file with it
	decoder := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	err := decoder.Decode(&doc)
	switch _, unknown := errors.AsType[*toml.StrictMissingError](err); {
	case unknown:
		return doc.Job, tomlFault(err)
	case err != nil:
		return nil, tomlFault(err)
	}
	return doc.Job, faultIn(doc.Job)
}

// faultIn returns what is wrong with the first of the jobs, by name, that cannot be done.
func faultIn(jobs map[string]*jobConfig) error {
	for _, name := range slices.Sorted(maps.Keys(jobs)) {
		job := jobs[name]
		if key := job.emptyKey(); key != "" {
			return fmt.Errorf("job %s: %s: an empty text was given; write a value, or leave the key out", name, key)
		}
		if err := job.check(name); err != nil {
			return fmt.Errorf("job %s: %w", name, err)
		}
	}
	return nil
}

// emptyKey returns a key whose text is empty, "" if there is none. With an empty state-dir the
// usual one would be taken, which is not what was meant, as on the command line.
func (j *jobConfig) emptyKey() string {
	for key, value := range j.keys() {
		if hasEmptyText(value.Interface()) {
			return key
		}
	}
	return ""
}

// hasEmptyText looks at what a field of a jobConfig holds.
func hasEmptyText(value any) bool {
	switch v := value.(type) {
	case string:
		return v == ""
	case *string:
		return v != nil && *v == ""
	case []string:
		return slices.Contains(v, "")
	case []any:
		return slices.Contains(v, any(""))
	}
	return false
}

func (j *jobConfig) check(name string) error {
	if name == "" || strings.Trim(name, jobLetters) != "" {
		return errors.New("a name can have letters, digits, dots, dashes and underscores")
	}
	if len(j.Paths) == 0 {
		return errors.New("no paths")
	}
	for _, f := range j.files() {
		if !filepath.IsAbs(f) {
			return fmt.Errorf("%s is not absolute: a timer has no fixed working directory", show.Quote(f))
		}
	}
	if _, ok := presetNamed(j.preset()); j.Preset != nil && !ok {
		return fmt.Errorf("%q is not one of the presets %s", *j.Preset, presetNames())
	}
	return nil
}

// files lists the paths of all that the job names.
func (j *jobConfig) files() []string {
	list := slices.Concat(j.Paths, j.Reference, j.ExcludeFrom, j.Output)
	for _, p := range []*string{j.CacheDir, j.StateDir, j.Metrics} {
		if p != nil {
			list = append(list, *p)
		}
	}
	return list
}

// jobLetters may be part of a job's name, which is part of a unit's name, too.
const jobLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
