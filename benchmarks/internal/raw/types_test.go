package raw_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/benchmarks/internal/raw"
)

// Leaving a field out would make raw faster than anyone who needs it.
func TestTypes_HaveThePackagesFields(t *testing.T) {
	t.Parallel()
	pairs := []struct{ ours, plain any }{
		{pulumiapi.Stack{}, raw.Stack{}},
		{pulumiapi.StackSummary{}, raw.StackSummary{}},
		{pulumiapi.Update{}, raw.Update{}},
		{pulumiapi.EngineEvent{}, raw.EngineEvent[raw.Object]{}},
		{pulumiapi.AuditLogEvent{}, raw.AuditLogEvent{}},
		{pulumiapi.StackState{}, raw.StackState{}},
		{pulumiapi.StateResource{}, raw.StateResource{}},
	}
	for _, pair := range pairs {
		want := fields("", reflect.TypeOf(pair.ours))
		assert.NotEmpty(t, want, "fields of %T", pair.ours)
		assert.Equal(t, want, fields("", reflect.TypeOf(pair.plain)), "fields of %T", pair.plain)
	}
}

// leaves are the types that are not looked into: times, and JSON of no fixed form.
var leaves = map[reflect.Type]bool{
	reflect.TypeFor[pulumiapi.Timestamp]():        true,
	reflect.TypeFor[time.Time]():                  true,
	reflect.TypeFor[json.RawMessage]():            true,
	reflect.TypeFor[raw.Object]():                 true,
	reflect.TypeFor[map[string]json.RawMessage](): true,
}

// fields returns the JSON paths of a type's fields, in order.
func fields(path string, t reflect.Type) []string {
	switch {
	case leaves[t]:
		return []string{path}
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice, t.Kind() == reflect.Map:
		return fields(path, t.Elem())
	case t.Kind() != reflect.Struct:
		return []string{path}
	}
	found := []string{path}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		found = append(found, fields(path+"."+name, field.Type)...)
	}
	return found
}
