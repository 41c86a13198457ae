package testkit_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

func operation(t *testing.T, name string) testkit.Operation {
	t.Helper()
	all, err := testkit.Operations()
	require.NoError(t, err)
	for _, o := range all {
		if o.Name == name {
			return o
		}
	}
	require.Fail(t, "there is no operation "+name)
	return testkit.Operation{}
}

func TestOperations_AreAllMethods(t *testing.T) {
	t.Parallel()
	all, err := testkit.Operations()
	require.NoError(t, err)
	var names []string
	for _, o := range all {
		names = append(names, o.Name)
	}
	assert.ElementsMatch(t, testkit.MethodNames(), names)
}

func TestOperations_AreDerived(t *testing.T) {
	t.Parallel()
	list := operation(t, "Stacks.List")
	assert.Equal(t, "GET /api/user/stacks", list.Endpoint.String())
	assert.Equal(t, "stacks_list.json", list.Fixture)
	assert.Equal(t, "stacks", list.Items)
	assert.Contains(t, list.MadeUp, `"stacks":[{`)
	assert.Equal(t, "stacks_list.json", operation(t, "Stacks.ListPage").Fixture, "the fixture of the method without Page")
	assert.Equal(t, "stacks_export.json", operation(t, "Stacks.ExportAtVersion").Fixture, "the fixture of the same type")
	assert.Empty(t, operation(t, "PolicyIssues.ListGroups").Fixture, "the fixture is of another member")
	assert.Equal(t, "project.stacks", operation(t, "Insights.ListDiscoveredStacks").Items)
	assert.Empty(t, operation(t, "Orgs.GetMetadata").Items)
	assert.True(t, strings.HasPrefix(operation(t, "Insights.ListResourceReferences").Response, "["))

	assert.True(t, operation(t, "AuditLogs.Export").Text)
	assert.True(t, operation(t, "Stacks.ProjectExists").Asks)
	assert.True(t, operation(t, "Meta.GetOpenAPI").AnyJSON)
	assert.True(t, operation(t, "Updates.Wait").Waits)
	assert.Equal(t, []string{"PATCH", "POST"}, operation(t, "Stacks.SetTag").On404())
	assert.Empty(t, operation(t, "Stacks.Delete").Response)
}

func TestEndpoints_SayWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		endpoint        pulumiapi.Endpoint
		resends, writes bool
	}{
		{pulumiapi.Endpoint{Method: http.MethodGet}, true, false},
		{pulumiapi.Endpoint{Method: http.MethodHead}, true, false},
		{pulumiapi.Endpoint{Method: http.MethodPut}, true, true},
		{pulumiapi.Endpoint{Method: http.MethodDelete}, true, true},
		{pulumiapi.Endpoint{Method: http.MethodPatch}, false, true},
		{pulumiapi.Endpoint{Method: http.MethodPost}, false, true},
		{pulumiapi.Endpoint{Method: http.MethodPost, Read: true}, true, false},
	} {
		assert.Equal(t, c.resends, testkit.Resends(c.endpoint), "%s", c.endpoint)
		assert.Equal(t, c.writes, testkit.Writes(c.endpoint), "%s", c.endpoint)
	}
}

// A response that is made up sets every field of what the method returns.
func TestOperations_MadeUpResponsesSetEverything(t *testing.T) {
	t.Parallel()
	all, err := testkit.Operations()
	require.NoError(t, err)
	checked := 0
	for _, o := range all {
		if o.MadeUp == "" || o.Waits {
			continue
		}
		client, _ := testkit.Client(t, testkit.Always(func() *http.Response { return testkit.Respond(http.StatusOK, []byte(o.MadeUp)) }))
		got, err := o.Call(t.Context(), client)
		require.NoError(t, err, o.Name)
		assert.Empty(t, zeros(reflect.ValueOf(got), o.Name, nil), "fields that are not set by %.2000s", o.MadeUp)
		checked++
	}
	assert.Positive(t, checked)
}

// zeros returns the paths of the fields that are zero, but for those of types that
// hold themselves.
func zeros(value reflect.Value, path string, open []reflect.Type) []string {
	hasNothing := value.Kind() == reflect.Struct && value.NumField() == 0
	if !value.IsValid() || value.IsZero() && !hasNothing {
		return []string{path}
	}
	switch value.Kind() {
	case reflect.Pointer:
		return zeros(value.Elem(), path, open)
	case reflect.Slice:
		if value.Len() == 0 || value.Type() == reflect.TypeFor[json.RawMessage]() {
			return nil
		}
		return zeros(value.Index(0), path+"[0]", open)
	case reflect.Struct:
		for _, outer := range open {
			if outer == value.Type() {
				return nil
			}
		}
		var found []string
		for field, inner := range value.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if field.IsExported() && name != "-" && (name != "" || field.Anonymous) {
				found = append(found, zeros(inner, path+"."+field.Name, append(open, value.Type()))...)
			}
		}
		return found
	default:
		return nil
	}
}

func TestScript_RecordsWhatIsSent(t *testing.T) {
	t.Parallel()
	client, script := testkit.Client(t, func(n int, _ *http.Request) (*http.Response, error) {
		return testkit.Respond(http.StatusOK+n-1, []byte(`{"id":"t","tokenValue":"v"}`), "X-Pulumi-Request-Id", "r"), nil
	})
	_, err := client.Tokens.Create(t.Context(), pulumiapi.AccessTokenCreateRequest{Description: "ci"})
	require.NoError(t, err)
	require.NoError(t, client.Tokens.Delete(t.Context(), "t"))
	assert.Equal(t, []string{"POST", "DELETE"}, testkit.MethodsOf(script.Sent()))
	assert.JSONEq(t, `{"description":"ci","expires":0}`, string(script.Bodies()[0]))
	assert.Empty(t, script.Bodies()[1])
	assert.JSONEq(t, `{"a":"hush"}`, string(testkit.Encode(t, map[string]pulumiapi.Secret{"a": pulumiapi.NewSecret("hush")})))
}
