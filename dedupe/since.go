package dedupe

import (
	"bytes"
	"maps"
	"strings"

	"github.com/oneinode/oneinode/dedupe/journal"
	"github.com/oneinode/oneinode/dedupe/kernel"
	"github.com/oneinode/oneinode/scan"
)

// withChanges is what the copy of a shared inode shall look like: as the old one did,
// but for what was changed since the run, which somebody wanted so: then tells what the
// shared inode was when the run linked to it, now what it is. changed names what stays
// as it is now, in the words of --match.
func withChanges(old *journal.Old, then *journal.Look, now *journal.Old) (look *journal.Old, changed []string) {
	// Where the run gave a path another owner, what that one did does not count.
	if old.UID != then.UID || old.GID != then.GID {
		return old, nil
	}
	out := *old
	if now.UID != then.UID {
		out.UID, changed = now.UID, append(changed, "owner")
	}
	if now.GID != then.GID {
		out.GID, changed = now.GID, append(changed, "group")
	}
	// What the old owner or group could do is none of the new one's business.
	moved := changed != nil
	if !sameRights(then, now) || moved && !sameRights(&journal.Look{Mode: old.Mode, Xattrs: old.Xattrs}, now) {
		out.Mode, out.Xattrs, changed = now.Mode, withRights(old.Xattrs, now.Xattrs), append(changed, "mode")
	}
	if now.Mtime != then.Mtime && !scan.IsFar(now.Mtime) {
		out.Mtime, changed = now.Mtime, append(changed, "mtime")
	}
	if xattrs, differ := withXattrs(out.Xattrs, then, now.Xattrs); differ {
		out.Xattrs, changed = xattrs, append(changed, "xattr")
	}
	if changed == nil {
		return old, nil
	}
	return &out, changed
}

// isRight reports whether an attribute says who may do what. It belongs to the mode: each
// of the two changes or widens what the other says.
func isRight(name string) bool {
	return strings.HasPrefix(name, "system.") || name == "security.capability" || isACLAgain(name)
}

// isACLAgain: xfs lists an ACL a second time, for root. To remove that removes the ACL.
func isACLAgain(name string) bool { return strings.HasPrefix(name, "trusted.SGI_ACL_") }

// sameRights compares mode, ACLs and capabilities.
func sameRights(then *journal.Look, now *journal.Old) bool {
	if then.Mode&scan.Permissions != now.Mode&scan.Permissions {
		return false
	}
	return then.Missing || maps.EqualFunc(rights(then.Xattrs), rights(now.Xattrs), bytes.Equal)
}

func rights(all journal.Xattrs) journal.Xattrs {
	out := journal.Xattrs{}
	for name, value := range all {
		if isRight(name) && !isACLAgain(name) {
			out[name] = value
		}
	}
	return out
}

// withRights is all of old, but the rights of now.
func withRights(old, now journal.Xattrs) journal.Xattrs {
	out := journal.Xattrs{}
	for name, value := range old {
		if !isRight(name) {
			out[name] = value
		}
	}
	maps.Copy(out, rights(now))
	return out
}

// withXattrs is old with what was changed between then and now, rights aside.
func withXattrs(old journal.Xattrs, then *journal.Look, now journal.Xattrs) (out journal.Xattrs, differ bool) {
	if then.Missing {
		return old, false
	}
	out = journal.Xattrs{}
	maps.Copy(out, old)
	for name, value := range now {
		was, had := then.Xattrs[name]
		if isRight(name) || had && bytes.Equal(was, value) || !had && isHidden(name) {
			continue
		}
		out[name], differ = value, true
	}
	for name := range then.Xattrs {
		if _, has := now[name]; !has && !isRight(name) && !isHidden(name) {
			delete(out, name)
			differ = true
		}
	}
	return out, differ
}

// isHidden reports whether an attribute is not listed to everybody: that it is not seen
// does not tell that it is gone, nor that it was not there before.
func isHidden(name string) bool { return strings.HasPrefix(name, "trusted.") }

// lookSince is what the copy of the inode on fd shall look like.
func (s *separation) lookSince(shared *handle) (look *journal.Old, changed []string, err error) {
	if s.was == nil || s.target != "" {
		return s.old, nil, nil
	}
	now, err := lookOf(shared)
	if err != nil {
		return nil, nil, err
	}
	look, changed = withChanges(s.old, s.was, now)
	return look, changed, nil
}

// foresee looks whether the inode that a name shares was changed since the run, unless that of one before was: so
// a copy that an undo has made before can be recognised.
func (s *separation) foresee(dir int, n *pastName, now scan.Stat) {
	if len(s.changed) > 0 || n.was == nil || !n.own().have(now.Ino) || !now.IsRegular() {
		return
	}
	fd, err := kernel.Open(dir, baseOf(string(n.Path)))
	if err != nil {
		return
	}
	h := &handle{fd: fd, stat: now}
	defer h.close()
	s.was = n.was
	if look, changed, _ := s.lookSince(h); len(changed) > 0 {
		s.look, s.changed = look, changed
	}
}
