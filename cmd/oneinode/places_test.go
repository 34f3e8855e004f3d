package main

import (
	"os"
	"testing"
)

// TestOwnPlaces: nothing is kept where the working directory decides what place that is.
func TestOwnPlaces(t *testing.T) {
	for _, name := range []string{"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"} {
		t.Setenv(name, "")
	}
	for home, want := range map[string]string{"/h": "/h/.local/state/oneinode", "h": "", "": ""} {
		t.Setenv("HOME", home)
		if got, err := ownStateDir(); got != want || (err == nil) != (want != "") {
			t.Errorf("HOME=%s: journals in %q, %v", home, got, err)
		}
		for _, own := range []string{ownDir(os.UserCacheDir()), ownDir(os.UserConfigDir())} {
			if (own != "") != (want != "") {
				t.Errorf("HOME=%s: %q", home, own)
			}
		}
	}
	t.Setenv("XDG_STATE_HOME", "/s")
	if got, err := ownStateDir(); got != "/s/oneinode" || err != nil {
		t.Errorf("journals in %q, %v", got, err)
	}
}
