// Package metrics writes the figures of a run for Prometheus.
package metrics
