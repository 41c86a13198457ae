package pulumiapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// StackIdentifier names a stack: its organization, project and stack name.
type StackIdentifier struct {
	Org     string
	Project string
	Stack   string
}

// ParseStackIdentifier reads text of the form "organization/project/stack". Names
// consist of letters, digits, "-", "_" and ".". Text that is not of the form, or that no
// stack has as its name, is an [*ArgumentError].
func ParseStackIdentifier(text string) (StackIdentifier, error) {
	org, project, stack, err := splitIdentifier(text, "organization/project/stack")
	return StackIdentifier{Org: org, Project: project, Stack: stack}, err
}

// String returns "organization/project/stack".
func (id StackIdentifier) String() string {
	return id.Org + "/" + id.Project + "/" + id.Stack
}

// MarshalText returns "organization/project/stack", and nothing for the zero
// StackIdentifier. It fails if a part is empty or has a slash. Any other name is
// written as the service has it.
func (id StackIdentifier) MarshalText() ([]byte, error) {
	return marshalIdentifier(id, "organization/project/stack")
}

// UnmarshalText reads what [ParseStackIdentifier] reads, and empty text as the
// zero StackIdentifier.
func (id *StackIdentifier) UnmarshalText(text []byte) error {
	return unmarshalIdentifier(id, text, ParseStackIdentifier)
}

func (id StackIdentifier) pathArgs() []pathArg {
	return []pathArg{{"id.Org", id.Org}, {"id.Project", id.Project}, {"id.Stack", id.Stack}}
}

// projectArgs are the placeholders of the stack's project.
func (id StackIdentifier) projectArgs() []pathArg { return id.pathArgs()[:2] }

// versionArgs are the placeholders of a stack, one of its versions, and what
// comes after it.
func (id StackIdentifier) versionArgs(version int, more ...pathArg) ([]pathArg, error) {
	if version < 1 {
		return nil, newArgumentError("version", strconv.Itoa(version), "is not the version of an update, which begin at 1")
	}
	return append(append(id.pathArgs(), pathArg{"version", strconv.Itoa(version)}), more...), nil
}

// updateArgs are the placeholders of a stack and of one of its updates.
func (id StackIdentifier) updateArgs(updateID string) []pathArg {
	return append(id.pathArgs(), pathArg{"updateID", updateID})
}

// orgArgs is the placeholder of an organization, and what comes after it.
func orgArgs(org string, more ...pathArg) []pathArg {
	return append([]pathArg{{"org", org}}, more...)
}

// EnvironmentIdentifier names a Pulumi ESC environment: its organization, project
// and environment name.
type EnvironmentIdentifier struct {
	Org         string
	Project     string
	Environment string
}

// ParseEnvironmentIdentifier reads text of the form
// "organization/project/environment", whose names are like those of
// [ParseStackIdentifier].
func ParseEnvironmentIdentifier(text string) (EnvironmentIdentifier, error) {
	org, project, environment, err := splitIdentifier(text, "organization/project/environment")
	return EnvironmentIdentifier{Org: org, Project: project, Environment: environment}, err
}

// String returns "organization/project/environment".
func (id EnvironmentIdentifier) String() string {
	return id.Org + "/" + id.Project + "/" + id.Environment
}

// MarshalText returns "organization/project/environment", and nothing for the zero
// EnvironmentIdentifier. It fails if a part is empty or has a slash. Any other name is
// written as the service has it.
func (id EnvironmentIdentifier) MarshalText() ([]byte, error) {
	return marshalIdentifier(id, "organization/project/environment")
}

// UnmarshalText reads what [ParseEnvironmentIdentifier] reads, and empty text as
// the zero EnvironmentIdentifier.
func (id *EnvironmentIdentifier) UnmarshalText(text []byte) error {
	return unmarshalIdentifier(id, text, ParseEnvironmentIdentifier)
}

// checkEnvironment refuses an environment without a name. Its organization is a
// placeholder, and is looked at there.
func checkEnvironment(id EnvironmentIdentifier) error {
	if err := checkNotEmpty("id.Project", id.Project); err != nil {
		return err
	}
	return checkNotEmpty("id.Environment", id.Environment)
}

// identifierParts takes text of the form, which has three parts, apart.
func identifierParts(text, form string) ([]string, error) {
	parts := strings.Split(text, "/")
	if len(parts) != 3 || slices.Contains(parts, "") {
		return nil, newArgumentError("text", text, "is not of the form "+form)
	}
	return parts, nil
}

// splitIdentifier is identifierParts for text that a user wrote: it refuses what no name
// has.
func splitIdentifier(text, form string) (org, project, name string, err error) {
	parts, err := identifierParts(text, form)
	if err != nil {
		return "", "", "", err
	}
	for _, part := range parts {
		if part == "." || part == ".." {
			return "", "", "", newArgumentError("text", text, fmt.Sprintf("has the part %q, which is no name", part))
		}
		for _, r := range part {
			if !isNameRune(r) {
				return "", "", "", newArgumentError("text", text, fmt.Sprintf("has the character %q, which is in no name", r))
			}
		}
	}
	return parts[0], parts[1], parts[2], nil
}

// isNameRune reports whether a name may have r. The service allows ASCII only;
// installations of other people may allow any letter.
func isNameRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) || strings.ContainsRune("-_.", r)
}

// marshalIdentifier returns an identifier as text of the form, and nothing for the zero
// one.
func marshalIdentifier[T interface {
	comparable
	fmt.Stringer
}](id T, form string) ([]byte, error) {
	if id == *new(T) {
		return []byte{}, nil
	}
	text := id.String()
	if _, err := identifierParts(text, form); err != nil {
		return nil, err
	}
	return []byte(text), nil
}

// unmarshalIdentifier reads what parse reads, and nothing as the zero identifier. If it
// fails, id stays.
func unmarshalIdentifier[T any](id *T, text []byte, parse func(string) (T, error)) error {
	if len(text) == 0 {
		*id = *new(T)
		return nil
	}
	parsed, err := parse(string(text))
	if err == nil {
		*id = parsed
	}
	return err
}
