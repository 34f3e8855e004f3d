// Package journal keeps, for every run that changes files, a record of each
// change on disk before the change happens: enough to take it back.
//
// A journal is an append-only text file, one record a line: eight hex digits
// of CRC-32C, a space, a JSON object, a newline. Lines at the end that are not
// whole are the torn tail of a run that was killed or of a machine that lost power;
// they are cut off. One with a whole line behind it was damaged later, by a disk:
// it is passed over, told, and stays. An intent that is on disk says that a
// change may have happened; what is at the path says whether it did.
//
// While a run lives it holds a lock (flock) on its journal, so that another
// run can tell leftovers of a dead one from names that are still in use.
package journal
