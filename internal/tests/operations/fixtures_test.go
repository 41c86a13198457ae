package operations_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// withEachAnswer returns the operations that return a value: with the documentation's
// answer, and with one in which everything is set.
func withEachAnswer() []testkit.Operation {
	var all []testkit.Operation
	for _, o := range testkit.JSONOperations() {
		if !o.ReturnsValue() {
			continue
		}
		all = append(all, o)
		if o.Fixture != "" && o.MadeUp != "" && !o.Waits { // whose answers are those of others
			o.Name += " of an answer that is made up"
			o.Fixture, o.Response = "", o.MadeUp
			all = append(all, o)
		}
	}
	return all
}

// TestFixtures_FoundLeafByLeaf serves the documentation's example bodies to the
// methods, and others in which everything is set, and looks for every leaf of them in
// what the methods return. A tag with a mistake in it loses its leaf of the former.
func TestFixtures_FoundLeafByLeaf(t *testing.T) {
	t.Parallel()
	for _, o := range withEachAnswer() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
				return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
			})
			got, err := o.Call(t.Context(), client)
			require.NoError(t, err, o.Name)
			assert.Empty(t, testkit.MissingLeaves(t, o.Expected(t, got), got), "%s lost these of %s", o.Name, o.Fixture)
		})
	}
}

// TestFixtures_DecodeAlikeElsewhere holds the promise that a user who reads the
// types with encoding/json sees the same.
func TestFixtures_DecodeAlikeElsewhere(t *testing.T) {
	t.Parallel()
	for _, o := range withEachAnswer() {
		client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
			return testkit.Respond(http.StatusOK, []byte(o.Response)), nil
		})
		got, err := o.Call(t.Context(), client)
		require.NoError(t, err, o.Name)
		again := reflect.New(reflect.Indirect(reflect.ValueOf(got)).Type())
		require.NoError(t, json.Unmarshal(rawExpected(t, o, got), again.Interface()), o.Name)
		assert.True(t, reflect.DeepEqual(reflect.Indirect(reflect.ValueOf(got)).Interface(), again.Elem().Interface()),
			"%s returned %+v, encoding/json reads %+v", o.Name, got, again)
	}
}

// rawExpected is expected as it stands in the fixture.
func rawExpected(t *testing.T, o testkit.Operation, got any) json.RawMessage {
	t.Helper()
	if o.Items == "" {
		return []byte(o.Response)
	}
	items := json.RawMessage([]byte(o.Response))
	for name := range strings.SplitSeq(o.Items, ".") {
		var members map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(items, &members))
		items = members[name]
	}
	if reflect.ValueOf(got).Kind() == reflect.Slice {
		return items
	}
	var list []json.RawMessage
	require.NoError(t, json.Unmarshal(items, &list))
	return list[0]
}

// holdsNothing are the answers of the next test that hold nothing.
var holdsNothing = map[string]bool{"nothing in it": true, "a null list": true}

// Answers hold what nobody has foreseen, and lack what the description promises.
func TestOperations_DecodeLeniently(t *testing.T) {
	t.Parallel()
	for _, o := range testkit.JSONOperations() {
		if !o.IsObject() && !o.IsArray() {
			continue
		}
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			const marker = "something-new"
			unknown := testkit.Mutate(t, []byte(o.Response), func(leaf any) any {
				if text, ok := leaf.(string); ok && !testkit.IsTime(text) {
					return marker
				}
				return leaf
			}, marker)
			answers := map[string][]byte{
				"unknown fields and values": unknown,
				"text that is not UTF-8":    bytes.ReplaceAll(unknown, []byte(marker), []byte("\xff\xfe")),
				"null everywhere":           testkit.Mutate(t, []byte(o.Response), func(any) any { return nil }, ""),
				"nothing in it":             []byte("{}"),
			}
			if object := bytes.TrimSpace([]byte(o.Response)); o.IsArray() {
				answers["nothing in it"] = []byte("[{}]")
			} else {
				answers["names twice"] = append([]byte(`{"unheardOf":1,"unheardOf":{"x":[2]},`), object[1:]...)
			}
			if o.Items != "" {
				answers["a null list"] = []byte(`{"` + strings.ReplaceAll(o.Items, ".", `":{"`) + `":null}` + strings.Repeat("}", strings.Count(o.Items, ".")))
			}
			for name, answer := range answers {
				synctest.Test(t, func(t *testing.T) {
					client, _ := testkit.Client(t, func(int, *http.Request) (*http.Response, error) {
						return testkit.Respond(http.StatusOK, answer), nil
					})
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					_, err := o.Call(ctx, client)
					if o.Waits && ctx.Err() != nil {
						require.ErrorIs(t, err, ctx.Err(), "%s answered with %s: not over yet", o.Name, name)
						return
					}
					if o.Waits {
						// It may be over with a status that nobody knows, which is no success.
						var failed *pulumiapi.CallError
						require.NotErrorAs(t, err, &failed, "%s answered with %s", o.Name, name)
						return
					}
					if o.RefusesNothing != "" && holdsNothing[name] {
						require.ErrorContains(t, err, o.RefusesNothing, "%s answered with %s", o.Name, name)
						return
					}
					require.NoError(t, err, "%s answered with %s", o.Name, name)
				})
			}
		})
	}
}
