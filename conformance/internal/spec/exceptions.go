package spec

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
)

// The kinds of exceptions, and what their place is.
const (
	// ExceptSchema, with a schema's name as its argument, says which schema an
	// operation's answer has, where the description is silent.
	// Place: an operation.
	ExceptSchema = "schema"
	// ExceptOpen says that a property takes and has values outside its enum.
	// Place: a property.
	ExceptOpen = "open"
	// ExceptTime says that a property which is described as text is a time.
	// Place: a property.
	ExceptTime = "time"
	// ExceptNull says that a required property is null or left out at times, or
	// that a property of a request may be null. Place: a property.
	ExceptNull = "null"
	// ExceptQuery, with a name as its argument, adds a query parameter, a
	// string. Place: an operation.
	ExceptQuery = "query"
	// ExceptBody, with a media type as its argument, says that the body of a
	// request is of that type, whatever is described. Place: an operation.
	ExceptBody = "body"
	// ExceptUnsent says that the package never sends a property of a request,
	// or, with an argument, a query parameter of an operation. Place: a
	// property, or an operation.
	ExceptUnsent = "unsent"
	// ExceptUnread says that the package does not return a property of an
	// answer, or nothing of it. Place: a property, or an operation.
	ExceptUnread = "unread"
	// ExceptConstant says that the package has no constants for all values of
	// an enum. Place: a property.
	ExceptConstant = "constants"
	// ExceptExtra says that Go has a field, or a constant, that the description
	// has not. Place: "Type.property", or "Type=value", by the Go type's name.
	ExceptExtra = "extra"
)

// takesArgument says of each kind whether it has an argument: always, never, or
// as it likes.
var takesArgument = map[string][]bool{
	ExceptSchema:   {true},
	ExceptQuery:    {true},
	ExceptBody:     {true},
	ExceptUnsent:   {true, false},
	ExceptOpen:     {false},
	ExceptTime:     {false},
	ExceptNull:     {false},
	ExceptUnread:   {false},
	ExceptConstant: {false},
	ExceptExtra:    {false},
}

// Exception is a place where the description is wrong or vague, or where the
// package leaves something out on purpose.
type Exception struct {
	// Kind says what is different, Argument tells more where the kind needs it.
	Kind, Argument string
	// Place is where: an operation ("GET /api/user/stacks") or a property
	// ("StackTag.name").
	Place string
	// Reason is why.
	Reason string
	// Line is its line in the file.
	Line int

	used atomic.Bool
}

// Exceptions is what an exceptions file says.
type Exceptions struct {
	file  string
	byKey map[string]*Exception
}

// ReadExceptions reads a file of lines "what | where | reason". Empty lines and
// lines that begin with # mean nothing.
func ReadExceptions(file string) (*Exceptions, error) {
	opened, err := os.Open(file) //nolint:gosec // it is the caller's own
	if err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	defer opened.Close() //nolint:errcheck // it was only read
	exceptions := &Exceptions{file: file, byKey: map[string]*Exception{}}
	lines := bufio.NewScanner(opened)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		exception, err := parseException(line)
		if err != nil {
			return nil, fmt.Errorf("exceptions: %s:%d: %w", file, number, err)
		}
		exception.Line = number
		key := exceptionKey(exception.Kind, exception.Argument, exception.Place)
		if first := exceptions.byKey[key]; first != nil {
			return nil, fmt.Errorf("exceptions: %s:%d: line %d says the same", file, number, first.Line)
		}
		exceptions.byKey[key] = exception
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("exceptions: %w", err)
	}
	return exceptions, nil
}

func parseException(line string) (*Exception, error) {
	parts := strings.Split(line, "|")
	if len(parts) != 3 {
		return nil, fmt.Errorf("want %q, got %q", "what | where | reason", line)
	}
	for i, part := range parts {
		parts[i] = strings.TrimSpace(part)
		if parts[i] == "" {
			return nil, fmt.Errorf("want %q, none of them empty", "what | where | reason")
		}
	}
	kind, argument, _ := strings.Cut(parts[0], " ")
	allowed, known := takesArgument[kind]
	if !known {
		return nil, fmt.Errorf("%q is no kind of exception: %s", kind, strings.Join(slices.Sorted(maps.Keys(takesArgument)), ", "))
	}
	if !slices.Contains(allowed, argument != "") {
		return nil, fmt.Errorf("%q takes an argument, or takes none: got %q", kind, argument)
	}
	return &Exception{Kind: kind, Argument: argument, Place: parts[1], Reason: parts[2]}, nil
}

func exceptionKey(kind, argument, place string) string {
	return kind + " " + argument + "|" + place
}

// Has reports whether there is an exception, which is then one that is used.
func (e *Exceptions) Has(kind, argument, place string) bool {
	if e == nil {
		return false
	}
	exception := e.byKey[exceptionKey(kind, argument, place)]
	if exception == nil {
		return false
	}
	exception.used.Store(true)
	return true
}

// Arguments returns the arguments of the exceptions of a kind at a place, which
// are then ones that are used.
func (e *Exceptions) Arguments(kind, place string) []string {
	if e == nil {
		return nil
	}
	var arguments []string
	for _, exception := range e.byKey {
		if exception.Kind == kind && exception.Place == place {
			exception.used.Store(true)
			arguments = append(arguments, exception.Argument)
		}
	}
	slices.Sort(arguments)
	return arguments
}

// Unused returns the exceptions that nobody has asked for, one line each.
func (e *Exceptions) Unused() []string {
	var unused []*Exception
	for _, exception := range e.byKey {
		if !exception.used.Load() {
			unused = append(unused, exception)
		}
	}
	slices.SortFunc(unused, func(a, b *Exception) int { return a.Line - b.Line })
	lines := make([]string, 0, len(unused))
	for _, exception := range unused {
		lines = append(lines, fmt.Sprintf("%s:%d: %s at %s is needed no more",
			e.file, exception.Line, strings.TrimSpace(exception.Kind+" "+exception.Argument), exception.Place))
	}
	return lines
}
