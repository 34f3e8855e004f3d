// Package request is what a saved scan asks of dedupe --from: which files become one, by
// which links, and which of them stay. It goes by what the scan says alone; what has
// become of the files since, others find out.
package request
