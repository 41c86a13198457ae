// Package capture runs the tests and the examples of the root module, and
// records what they send, and what the in-memory cloud knows.
//
// The library knows nothing of this: the tests are built with an overlay (see
// `go help build`) in which one file has one more line, and two packages have a
// file more.
package capture

import (
	"bufio"
	"bytes"
	"context"
	_ "embed" // the recorders
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Request is a request that a test has sent through the package.
type Request struct {
	// Operation is what it is for: "GET /api/user/stacks".
	Operation string
	Method    string
	// Path is escaped, and without the base URL's.
	Path, Query string
	ContentType string
	Body        []byte
	// BodyUnknown says that the body comes from a reader and was not recorded.
	BodyUnknown bool
	// Program is the test binary or the example that sent it.
	Program string
}

// Route is an operation that the in-memory cloud knows.
type Route struct {
	// Operation is its method and its template.
	Operation string
	// Query are the names of its query parameters.
	Query []string
}

// Recording is what the tests and the examples sent, and what the cloud knows.
type Recording struct {
	Requests []Request
	Routes   []Route
}

// The environment variable that names the folder for the records.
const folderVariable = "PULUMIAPI_CONFORMANCE_RECORDS"

//go:embed requests.go.txt
var requestRecorder []byte

//go:embed routes.go.txt
var routeRecorder []byte

// hook is a line that the overlay adds to a file.
type hook struct {
	file   string // below the root
	anchor string // the line that it goes before
	line   string
}

// requests is where each attempt begins.
var requests = hook{
	file:   "internal/transport/guard.go",
	anchor: "\t\tst.begin()\n",
	line:   "\t\tconformanceRecord(st.call, req)\n",
}

// timeout is how long the tests, and each example, may take.
const timeout = 15 * time.Minute

// Run runs the tests and the examples of the module in the folder root. With an
// error because some of them failed, there is a recording nevertheless.
func Run(root string) (*Recording, error) {
	work, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	defer os.RemoveAll(work) //nolint:errcheck // it is below the system's folder for such things
	overlay, err := writeOverlay(root, work)
	if err != nil {
		return nil, err
	}
	records := filepath.Join(work, "records")
	if err := os.Mkdir(records, 0o750); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	r := runner{root: root, work: work, overlay: overlay, records: records}
	failure := errors.Join(r.tests(), r.examples())
	recording, err := read(records)
	if err != nil {
		return nil, errors.Join(failure, err)
	}
	return recording, failure
}

// writeOverlay writes the changed files and the overlay's own, and returns the
// path of the latter.
func writeOverlay(root, work string) (string, error) {
	original := filepath.Join(root, requests.file)
	data, err := os.ReadFile(original) //nolint:gosec // it is the repository's own
	if err != nil {
		return "", fmt.Errorf("capture: %w", err)
	}
	changed, err := requests.apply(data)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, content := range map[string][]byte{
		original: changed,
		filepath.Join(filepath.Dir(original), "conformance_recorder.go"): requestRecorder,
		filepath.Join(root, "pulumiapitest", "conformance_recorder.go"):  routeRecorder,
	} {
		replace[name] = filepath.Join(work, fmt.Sprintf("%d_%s", len(replace), filepath.Base(name)))
		if err := os.WriteFile(replace[name], content, 0o600); err != nil {
			return "", fmt.Errorf("capture: %w", err)
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", fmt.Errorf("capture: %w", err)
	}
	file := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return "", fmt.Errorf("capture: %w", err)
	}
	return file, nil
}

// apply puts the line into the file's source.
func (h hook) apply(source []byte) ([]byte, error) {
	if count := bytes.Count(source, []byte(h.anchor)); count != 1 {
		return nil, fmt.Errorf("capture: %s has the line %q %d times, not once: choose another place for the hook",
			h.file, strings.TrimSpace(h.anchor), count)
	}
	return bytes.Replace(source, []byte(h.anchor), []byte(h.line+h.anchor), 1), nil
}

type runner struct {
	root, work, overlay, records string
}

func (r runner) tests() error {
	// What was tested before is tested again: a cached result sends nothing.
	return r.run("go", "test", "-overlay="+r.overlay, "-count=1", "-vet=off", "-timeout="+timeout.String(), "./...")
}

func (r runner) examples() error {
	list := exec.CommandContext(context.Background(), "go", "list", "-f", `{{if eq .Name "main"}}{{.ImportPath}}{{end}}`, "./examples/...")
	list.Dir = r.root
	output, err := list.Output()
	if err != nil {
		return fmt.Errorf("capture: listing the examples: %w", err)
	}
	var failures []error
	for example := range strings.FieldsSeq(string(output)) {
		program := filepath.Join(r.work, filepath.Base(example))
		if err := r.run("go", "build", "-overlay="+r.overlay, "-o", program, example); err != nil {
			failures = append(failures, err)
			continue
		}
		failures = append(failures, r.run(program))
	}
	return errors.Join(failures...)
}

// run runs a command in the root, without what the environment says about
// Pulumi, and returns an error with the end of its output if it fails.
func (r runner) run(name string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout+time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...) //nolint:gosec // the callers' own
	command.Dir = r.root
	command.Env = slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return strings.HasPrefix(variable, "PULUMI_")
	})
	command.Env = append(command.Env, folderVariable+"="+r.records, "PULUMI_HOME="+r.work)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		const most = 4000
		text := output.String()
		return fmt.Errorf("capture: %s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, text[max(0, len(text)-most):])
	}
	return nil
}

// read reads what the recorders have written.
func read(folder string) (*Recording, error) {
	recording := new(Recording)
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	for _, file := range files {
		switch kind, _, _ := strings.Cut(filepath.Base(file), "-"); kind {
		case "requests":
			err = readLines(file, &recording.Requests)
		case "routes":
			recording.Routes = nil // every process has the same
			err = readLines(file, &recording.Routes)
		}
		if err != nil {
			return nil, err
		}
	}
	return recording, nil
}

func readLines[T any](file string, into *[]T) error {
	opened, err := os.Open(file) //nolint:gosec // the recorder's
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	defer opened.Close() //nolint:errcheck // it was only read
	decoder := json.NewDecoder(bufio.NewReader(opened))
	for {
		var one T
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("capture: %s: %w", filepath.Base(file), err)
		}
		*into = append(*into, one)
	}
}
