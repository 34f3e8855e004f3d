package output

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// TestUntilEnded: once the context has ended no work is begun, not even in the background, where it
// would still write.
func TestUntilEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancelCause(t.Context())
		broken := errors.New("broken")
		end(broken)
		begun := false
		err := Until(ctx, func() error { begun = true; return nil })
		if synctest.Wait(); err != broken || begun {
			t.Errorf("error %v, begun %v", err, begun)
		}
	})
}
