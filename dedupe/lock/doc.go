// Package lock keeps two runs from changing one filesystem at the same time.
//
// A lock is a flock(2) on a small file in the state directory, one for each
// device: it goes away with the process that holds it, however it dies, so a
// file that nobody holds means nothing and stays for the next run. The file
// tells who holds it. The directory is marked, so that no run links such files, which are
// empty by then, with each other. Runs with another state directory, those of another user
// say, are not seen; what makes a replace safe does not rest on this lock.
package lock
