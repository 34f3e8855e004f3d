// Package talk is what a run says on standard error while it goes on: how far it is
// (Progress) and which paths could not be handled (Troubles), in lines of text or of
// JSON.
package talk
