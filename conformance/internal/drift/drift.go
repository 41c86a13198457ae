// Package drift compares two descriptions of the service.
package drift

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi/conformance/internal/spec"
)

// Kind is what has happened to a fact.
type Kind string

// What happens to facts.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Changed Kind = "changed"
)

// Change is one difference between two descriptions.
type Change struct {
	Kind Kind
	// What is what it is about: "property Stack.version".
	What string
	// Old and New say more, where there is more to say.
	Old, New string
	// Operation or Schema is where it belongs.
	Operation, Schema string
	// Property is the property's ID, if it is about one.
	Property string
	// Touches are the Go names of what the package covers and the change is about.
	Touches []string
}

// String returns the change as one line, without what it touches.
func (c Change) String() string {
	switch {
	case c.Kind == Changed:
		return fmt.Sprintf("%s %s: %s -> %s", c.Kind, c.What, cmp.Or(c.Old, "nothing"), cmp.Or(c.New, "nothing"))
	case c.Old+c.New != "":
		return fmt.Sprintf("%s %s: %s", c.Kind, c.What, c.Old+c.New)
	}
	return fmt.Sprintf("%s %s", c.Kind, c.What)
}

// fact is something that a description says.
type fact struct {
	value                       string
	operation, schema, property string
}

// Compare returns what is different in the new description, sorted.
func Compare(before, after *spec.Spec) []Change {
	old, current := facts(before), facts(after)
	names := maps.Clone(old)
	maps.Copy(names, current)
	var changes []Change
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, had := old[name]
		is, has := current[name]
		place := names[name]
		change := Change{What: name, Old: was.value, New: is.value, Operation: place.operation, Schema: place.schema, Property: place.property}
		switch {
		case !had:
			change.Kind = Added
		case !has:
			change.Kind = Removed
		case was.value != is.value:
			change.Kind = Changed
		default:
			continue
		}
		changes = append(changes, change)
	}
	return withoutParts(changes)
}

// withoutParts leaves out what goes without saying: the parts of an operation or
// a schema that is new or gone as a whole.
func withoutParts(changes []Change) []Change {
	whole := map[string]bool{}
	for _, change := range changes {
		if change.Kind != Changed && strings.HasPrefix(change.What, "operation ") {
			whole[change.Operation] = true
		}
		if change.Kind != Changed && strings.HasPrefix(change.What, "schema ") {
			whole[change.Schema] = true
		}
	}
	return slices.DeleteFunc(changes, func(change Change) bool {
		isWhole := strings.HasPrefix(change.What, "operation ") || strings.HasPrefix(change.What, "schema ")
		return !isWhole && (change.Operation != "" && whole[change.Operation] || change.Schema != "" && whole[change.Schema])
	})
}
