package html

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// browser is a running browser. It speaks the DevTools protocol over two pipes:
// one JSON text after the other, each ended by a zero byte.
type browser struct {
	send    io.Writer
	receive *bufio.Reader
	calls   int
}

// visitor is somebody in front of a page: keys and clicks are the browser's own
// events, so that focus, Tab and Enter do what they do for people.
type visitor struct {
	*browser
	t       *testing.T
	session string
}

type facts = map[string]any

// visit opens a page in a window of the given width and waits for its script.
func (b *browser) visit(t *testing.T, page string, width int) *visitor {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	v := &visitor{browser: b, t: t}
	target := v.call("Target.createTarget", facts{"url": "about:blank"})
	v.session = v.call("Target.attachToTarget", facts{"targetId": target["targetId"], "flatten": true})["sessionId"].(string)
	v.call("Runtime.enable", nil)
	v.call("Emulation.setDeviceMetricsOverride", facts{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
	v.call("Page.navigate", facts{"url": "file://" + file})
	v.wait(`document.documentElement?.dataset.ready !== undefined`)
	return v
}

// start runs a browser until the end of the test; one that hangs is killed.
func start(t *testing.T) *browser {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("needs chromium")
	}
	theirIn, ourOut := pipe(t)
	ourIn, theirOut := pipe(t)
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Minute)
	cmd := exec.CommandContext(ctx, chromium, append(quiet(t), "--remote-debugging-pipe")...)
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // descriptors 3 and 4, as the browser expects
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{send: ourOut, receive: bufio.NewReader(ourIn)}
	t.Cleanup(func() {
		(&visitor{browser: b, t: t}).call("Browser.close", nil)
		_ = cmd.Wait()
		stop()
	})
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// call asks the browser for something and returns its answer. What the page's
// script throws or writes to the console meanwhile fails the test.
func (v *visitor) call(method string, params facts) facts {
	v.t.Helper()
	v.calls++
	ask := facts{"id": v.calls, "method": method, "params": params}
	if v.session != "" {
		ask["sessionId"] = v.session
	}
	text, _ := json.Marshal(ask)
	if _, err := v.send.Write(append(text, 0)); err != nil {
		v.t.Fatalf("%s: %v", method, err)
	}
	for {
		text, err := v.receive.ReadBytes(0)
		if err != nil {
			v.t.Fatalf("%s: the browser is gone: %v", method, err)
		}
		var said struct {
			ID            int
			Method        string
			Result, Error facts
		}
		if err := json.Unmarshal(text[:len(text)-1], &said); err != nil {
			v.t.Fatalf("%s: %v", method, err)
		}
		if said.Method == "Runtime.exceptionThrown" || said.Method == "Runtime.consoleAPICalled" {
			v.t.Errorf("the browser complains: %s", text)
		}
		if said.ID != v.calls {
			continue
		}
		if said.Error != nil {
			v.t.Fatalf("%s: %v", method, said.Error)
		}
		return said.Result
	}
}

// look returns the value of an expression as text; lists are joined by "|".
func (v *visitor) look(expression string) string {
	v.t.Helper()
	code := "((x) => Array.isArray(x) ? x.join('|') : String(x))(" + expression + ")"
	got := v.call("Runtime.evaluate", facts{"expression": code, "returnByValue": true})
	if got["exceptionDetails"] != nil {
		v.t.Fatalf("%s: %v", expression, got["exceptionDetails"])
	}
	return fmt.Sprint(got["result"].(facts)["value"])
}

// sees fails the test unless the expression has the value.
func (v *visitor) sees(expression, want string) {
	v.t.Helper()
	if got := v.look(expression); got != want {
		v.t.Errorf("%s\n got %q\nwant %q", expression, got, want)
	}
}

func (v *visitor) wait(expression string) {
	v.t.Helper()
	for start := time.Now(); time.Since(start) < 2*time.Minute; time.Sleep(10 * time.Millisecond) {
		if v.look(expression) == "true" {
			return
		}
	}
	v.t.Fatalf("never true: %s", expression)
}

// click moves the mouse to the element that the expression finds, a little
// inside of its upper left corner, and clicks.
func (v *visitor) click(element string) {
	v.t.Helper()
	var x, y float64
	at := v.look(`((e) => { if (!e) return ""; e.scrollIntoView({ block: "center" }); const b = e.getBoundingClientRect(); return (b.x + Math.min(12, b.width / 2)) + " " + (b.y + Math.min(12, b.height / 2)); })(` + element + `)`)
	if _, err := fmt.Sscan(at, &x, &y); err != nil {
		v.t.Fatalf("nothing to click: %s", element)
	}
	event := facts{"type": "mouseMoved", "x": x, "y": y}
	v.call("Input.dispatchMouseEvent", event)
	event["button"], event["clickCount"] = "left", 1
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		event["type"] = kind
		v.call("Input.dispatchMouseEvent", event)
	}
}

// press types one key, named as KeyboardEvent.key has it.
func (v *visitor) press(key string) {
	v.t.Helper()
	codes := map[string]int{"Tab": 9, "Enter": 13, "Escape": 27, "Backspace": 8, "ArrowRight": 39, "ArrowDown": 40}
	event := facts{"type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
	if key == "Enter" {
		event["type"], event["text"] = "keyDown", "\r"
	}
	v.call("Input.dispatchKeyEvent", event)
	v.call("Input.dispatchKeyEvent", facts{"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": codes[key]})
}

// lines is what a list of wants looks like to sees.
func lines(wants ...string) string { return strings.Join(wants, "|") }
