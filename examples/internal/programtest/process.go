package programtest

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// Process is a program that runs.
type Process struct {
	tb             testing.TB
	command        *exec.Cmd
	stdout, stderr *buffer
	ended          chan struct{}
}

// startOnTerminal starts the program on a terminal of its own.
func (p *Process) startOnTerminal() {
	p.tb.Helper()
	terminal, err := pty.StartWithSize(p.command, &pty.Winsize{Rows: 40, Cols: 100})
	if err != nil {
		p.tb.Skipf("this system has no terminal for the program: %v", err)
	}
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		_, _ = io.Copy(p.stdout, terminal) // ends with an error when the program does
	}()
	go p.reap(func() {
		<-shown
		_ = terminal.Close()
	})
}

// reap waits for the end of the process, and for all of its output.
func (p *Process) reap(drain func()) {
	_ = p.command.Wait() // the process's state says how it ended
	drain()
	p.stdout.close()
	p.stderr.close()
	close(p.ended)
}

// Wait returns what came of the process when it has ended.
func (p *Process) Wait() Result {
	p.tb.Helper()
	<-p.ended // with the test's context at the latest
	return Result{Stdout: p.stdout.String(), Stderr: p.stderr.String(), Status: p.command.ProcessState.ExitCode()}
}

// Kill ends the process in a way that it can't notice, and returns what came of it.
func (p *Process) Kill() Result {
	p.tb.Helper()
	_ = p.command.Process.Kill() // it may have ended
	return p.Wait()
}

// Signal sends the process a signal.
func (p *Process) Signal(signal os.Signal) {
	p.tb.Helper()
	if err := p.command.Process.Signal(signal); err != nil {
		p.tb.Fatal(err)
	}
}

// patience is how long something may be waited for.
const patience = time.Minute

// WaitForOutput waits until the standard output has the text, and fails the test
// if the process ends without.
func (p *Process) WaitForOutput(text string) {
	p.tb.Helper()
	p.waitFor(p.stdout, text)
}

// WaitForError is [Process.WaitForOutput] for the standard error.
func (p *Process) WaitForError(text string) {
	p.tb.Helper()
	p.waitFor(p.stderr, text)
}

func (p *Process) waitFor(output *buffer, text string) {
	p.tb.Helper()
	if !output.waitFor(text) {
		p.tb.Fatalf("the program never said %q, but:\n%s\n%s", text, p.stdout.String(), p.stderr.String())
	}
}

// buffer is output that somebody may wait for.
type buffer struct {
	mu      sync.Mutex
	changed *sync.Cond
	text    bytes.Buffer
	closed  bool
}

func newBuffer() *buffer {
	b := &buffer{}
	b.changed = sync.NewCond(&b.mu)
	return b
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changed.Broadcast()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *buffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.changed.Broadcast()
}

// waitFor reports whether the text came before the end, and before patience did.
func (b *buffer) waitFor(text string) bool {
	deadline := time.Now().Add(patience)
	timer := time.AfterFunc(patience, b.changed.Broadcast)
	defer timer.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for !strings.Contains(b.text.String(), text) {
		if b.closed || !time.Now().Before(deadline) {
			return false
		}
		b.changed.Wait()
	}
	return true
}
