// Package decide says which inodes of a duplicate set become one, and what that frees.
//
// All of it is pure: a Plan is made of a hash.Result, a Policy and Layouts, and of nothing
// that is asked for meanwhile, so that a dry run prints the very plan that dedupe.Apply
// carries out, and a run that loses a keeper decides about the rest by the same rules
// (Plan.Reassign). The order of a decision:
//
//  1. What no run could do to an inode, or with it, is noted (bind).
//  2. The inodes of a set fall into classes by the metadata that must agree (keyOf).
//  3. Each class has a keeper, or more where links run out, and the others go to it with
//     all their names, or are held, with the reason (assign; assignShared for reflinks).
//  4. What each rule holds back is found by deciding once more without it (priceList).
package decide
