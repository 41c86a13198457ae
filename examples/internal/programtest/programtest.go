// Package programtest runs a program as a process, as its users do, and shows what
// came of it.
package programtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// built is the program, where Main has put it, and sources the folder that it was made
// from.
var built, sources string

// Main is a TestMain that builds the program in the current folder first, with
// whatever go test was told by GOFLAGS.
func Main(m *testing.M) {
	os.Exit(buildAndRun(m, "."))
}

func buildAndRun(m *testing.M, folder string) int {
	dir, err := os.MkdirTemp("", "programtest-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what can't be removed stays in the folder for such files
	built = filepath.Join(dir, "program")
	if runtime.GOOS == "windows" {
		built += ".exe"
	}
	build := exec.CommandContext(context.Background(), "go", "build", "-o", built, folder) //nolint:gosec // both are this package's own
	said, err := build.CombinedOutput()
	if err != nil {
		fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, said)
		return 1
	}
	sources = folder
	hearInterrupts()
	return m.Run()
}

// hearInterrupts lets the programs be interrupted where this process can't be, as a
// shell has it that runs the tests in the background: they would inherit that. Who
// has a handler hands on the default.
func hearInterrupts() {
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
}

// look looks at the program's own files, once a test has begun, which is how go test
// comes to know of them: it would go on showing the results of the program as it was. It
// wants to know nothing of other modules: for those, there is -count=1.
var look = sync.OnceValue(func() error {
	files, err := filepath.Glob(filepath.Join(sources, "*.go"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			return err
		}
	}
	return nil
})

// Command is how to run the program. Its zero value runs it against the cloud in
// memory that it brings along.
type Command struct {
	Args []string
	// Cloud, if set, is what the environment says is the real Pulumi Cloud: -live
	// leads there.
	Cloud *pulumiapitest.Server
	// Env is added to the environment, and wins: NAME=value. Of the test's own, the
	// program sees nothing of Pulumi, of GitHub and of colours. Nobody has logged in
	// on its machine.
	Env []string
	// Dir is the folder that it runs in: the test's own if empty.
	Dir string
	// Stdout, if set, is where its standard output goes, instead of into the Result.
	Stdout *os.File
	// Terminal makes standard output and error a terminal of 100 columns; all that
	// is shown there is the Result's Stdout. A system that has none skips the test.
	Terminal bool
}

// Result is what came of a process.
type Result struct {
	Stdout, Stderr string
	// Status is the exit status; -1 if the process was killed.
	Status int
}

// Run runs the program in the cloud in memory that it brings along.
func Run(tb testing.TB, args ...string) Result {
	tb.Helper()
	return Command{Args: args}.Run(tb)
}

// RunLive runs the program with -live in front of args, where that leads to cloud.
func RunLive(tb testing.TB, cloud *pulumiapitest.Server, args ...string) Result {
	tb.Helper()
	return Command{Args: append([]string{"-live"}, args...), Cloud: cloud}.Run(tb)
}

// Run runs the program to its end.
func (c Command) Run(tb testing.TB) Result {
	tb.Helper()
	return c.Start(tb).Wait()
}

// Start starts the program. It is killed when the test ends.
func (c Command) Start(tb testing.TB) *Process {
	tb.Helper()
	if built == "" {
		tb.Fatal("there is no program: TestMain has to call programtest.Main")
	}
	if err := look(); err != nil {
		tb.Fatal(err)
	}
	p := &Process{tb: tb, stdout: newBuffer(), stderr: newBuffer(), ended: make(chan struct{})}
	p.command = exec.CommandContext(tb.Context(), built, c.Args...) //nolint:gosec // the program under test
	p.command.Env = c.environment(tb)
	p.command.Dir = c.Dir
	p.command.WaitDelay = 10 * time.Second // for who holds its output open
	if c.Terminal {
		p.startOnTerminal()
		return p
	}
	p.command.Stdout, p.command.Stderr = p.stdout, p.stderr
	if c.Stdout != nil {
		p.command.Stdout = c.Stdout
	}
	if err := p.command.Start(); err != nil {
		tb.Fatalf("%s: %v", built, err)
	}
	go p.reap(func() {})
	return p
}

// environment returns the program's.
func (c Command) environment(tb testing.TB) []string {
	tb.Helper()
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return strings.HasPrefix(name, "PULUMI_") || strings.HasPrefix(name, "GITHUB_") ||
			slices.Contains([]string{"NO_COLOR", "TERM", "COLUMNS", "LINES"}, name)
	})
	env = append(env, "TERM=xterm", "PULUMI_HOME="+tb.TempDir())
	if c.Cloud != nil {
		env = append(env, "PULUMI_BACKEND_URL="+c.Cloud.URL(), "PULUMI_ACCESS_TOKEN="+c.Cloud.Token())
	}
	return append(env, c.Env...)
}

// FullDisk returns a file that takes nothing, or skips the test where there is none.
func FullDisk(tb testing.TB) *os.File {
	tb.Helper()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		tb.Skip("this system has no /dev/full")
	}
	tb.Cleanup(func() { _ = full.Close() })
	return full
}
