// Package live is the source of a run that has just been made: a plan, what came of
// it (Ledger), and, for the views of a saved scan, what only the whole tree can tell.
package live
