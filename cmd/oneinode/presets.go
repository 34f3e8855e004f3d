package main

import (
	"slices"
	"strings"
)

// preset is a set of flags that fits a kind of tree.
type preset struct {
	name, purpose string
	sets          jobConfig
	why           []string // a sentence for each flag
}

// partialDownloads are names of files that somebody is still writing, by the
// habits of browsers, torrent, mirror and sync programs.
func partialDownloads() []string {
	return []string{
		"*.part", "*.partial", "*.crdownload", "*.download", "*.opdownload", "*.aria2", "*.!qB", "*.!ut", "*.bc!",
		".rsync-partial", ".~tmp~", ".in.*", ".syncthing.*.tmp", ".unison.*.unison.tmp",
	}
}

const whyPartial = "exclude: partial downloads by name (*.part, *.crdownload, *.!qB, .rsync-partial and so on)"

func presets() []preset {
	return []preset{
		{"music", "music and audio books", jobConfig{MinSize: "64K", MinAge: new("1d"), Exclude: partialDownloads()}, []string{
			"min-size 64K: covers and cue sheets save next to nothing, and taggers rewrite them",
			"min-age 1d: an album that is being tagged is left alone until the next night",
			whyPartial,
		}},
		{"photos", "pictures and videos", jobConfig{
			MinSize: "16K", MinAge: new("1d"), Exclude: append(partialDownloads(), "*.xmp", "*.lrcat", "*.lrcat-*", "*.db", "*.db-*", ".thumbnails", "@eaDir"),
		}, []string{
			"min-size 16K: thumbnails save little",
			"min-age 1d: an import that is being sorted is left alone until the next night",
			"exclude: sidecars and catalogues (*.xmp, *.lrcat, *.db), which programs change in place; thumbnails; " + strings.TrimPrefix(whyPartial, "exclude: "),
		}},
		{"backup", "trees of rsync --link-dest, rsnapshot and the like", jobConfig{
			Match: "all", MaxLinks: 20000, Exclude: []string{".rsync-partial", ".~tmp~"}, MinAge: new("1h"),
		}, []string{
			"match all: a backup must restore owner, mode, times, names and attributes as they were; rsync --link-dest would copy a file again if its mtime has changed",
			"max-links 20000: each night adds a name to every unchanged inode; ext4 allows 65,000, so there is room for years",
			"min-age 1h, exclude: what is still being written",
		}},
		{"mirror", "mirrors of package archives and downloads", jobConfig{
			Match: "owner,group,mode,mtime,xattr", OneFilesystem: new(true), MinAge: new("6h"), Exclude: partialDownloads(),
		}, []string{
			"match with mtime: mirror programs compare times, and would fetch a file again if its time differs",
			"one-file-system: another archive that is mounted inside needs its own job",
			"min-age 6h: files of a mirror run in progress are left alone",
			whyPartial,
		}},
		{"build-cache", "compiler caches, object files, vendored sources", jobConfig{
			MinSize: "4K", MinAge: new("7d"), Match: "owner,group,mode,mtime,xattr", Verify: new("bytes"),
		}, []string{
			"min-size 4K: smaller files save little and are many",
			"min-age 7d: only files at rest; build tools write some outputs in place",
			"match with mtime: make and ninja decide by it",
			"verify bytes: outputs are rewritten often, and to compare fresh files again costs little",
		}},
		{"partial", "only excludes partial downloads; for jobs of your own", jobConfig{Exclude: partialDownloads()}, []string{whyPartial}},
	}
}

func presetNamed(name string) (preset, bool) {
	all := presets()
	i := slices.IndexFunc(all, func(p preset) bool { return p.name == name })
	if i < 0 {
		return preset{}, false
	}
	return all[i], true
}

func presetNames() string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.name)
	}
	return strings.Join(names, ", ")
}
