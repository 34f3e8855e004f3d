// Package sample makes up scans for the tests of the packages around it.
package sample
