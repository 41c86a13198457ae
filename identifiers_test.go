package pulumiapi

import (
	"encoding/json"
	"flag"
	"io"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

func TestStackIdentifier_RoundTrips(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]StackIdentifier{
		"acme/web/prod":         {"acme", "web", "prod"},
		"a/b/c":                 {"a", "b", "c"},
		"ä/é/日本":                {"ä", "é", "日本"},
		"Acme-1/we_b/prod.eu-1": {"Acme-1", "we_b", "prod.eu-1"},
		"a/.b/c..":              {"a", ".b", "c.."},
	} {
		got, err := ParseStackIdentifier(text)
		require.NoError(t, err, "ParseStackIdentifier(%q)", text)
		assert.Equal(t, want, got, "ParseStackIdentifier(%q)", text)
		assert.Equal(t, text, got.String(), "ParseStackIdentifier(%q).String()", text)

		marshalled, err := got.MarshalText()
		require.NoError(t, err, "MarshalText of %q", text)
		assert.Equal(t, text, string(marshalled), "MarshalText")
		var again StackIdentifier
		require.NoError(t, again.UnmarshalText(marshalled), "UnmarshalText(%q)", marshalled)
		assert.Equal(t, want, again, "UnmarshalText(%q)", marshalled)
	}
}

func TestStackIdentifier_RefusesWhatNoStackIsCalled(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		" acme/web/prod", "acme/web/prod ", "acme/web/prod\n", "acme\r\n/web/prod", "acme/we b/prod", "acme/web/pr\u00a0od",
		"acme/web/pr\u2028od", "acme/web/pr\u200bod", "acme/web/pr\u202eod", "\ufeffacme/web/prod", "acme/web/prod\x00", "acme/web/prod\x85",
		"acme/web/pr\xffod", "acme/web/pr\ufffdod", "acme/../prod", "./web/prod", "acme/web/..", "acme/web/prod?x=1", "acme/web/prod#f",
		"acme%2Fweb/x/prod", `acme\web/x/prod`, `"acme"/web/prod`, "acme/web/prod@1", "https:/web/prod",
		"", "/", "//", "acme", "acme/web", "acme/web/", "/web/prod", "acme//prod", "acme/web/prod/", "/acme/web/prod", "acme/web/prod/x",
		strings.Repeat("ä", 1000), strings.Repeat("a/", 1000),
	} {
		_, err := ParseStackIdentifier(text)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "ParseStackIdentifier(%.20q)", text)
		assert.Equal(t, "text", refused.Name)
		assert.LessOrEqual(t, len([]rune(refused.Value)), maxErrorValue, "the Value of ParseStackIdentifier(%.20q)", text)

		id := StackIdentifier{"before", "be", "fore"}
		if text == "" {
			require.NoError(t, id.UnmarshalText(nil), "UnmarshalText of nothing")
			assert.Zero(t, id, "UnmarshalText of nothing")
			continue
		}
		require.ErrorAs(t, id.UnmarshalText([]byte(text)), &refused, "UnmarshalText(%.20q)", text)
		assert.Equal(t, StackIdentifier{"before", "be", "fore"}, id, "UnmarshalText(%.20q) failed, but changed it", text)
	}
	odd, err := json.Marshal(StackIdentifier{"acme", "we b", "pr\nod"})
	require.NoError(t, err, "what a server has is written, whatever it is")
	assert.JSONEq(t, `"acme/we b/pr\nod"`, string(odd))
	for _, id := range []StackIdentifier{
		{"acme", "web", ""}, {"", "web", "prod"}, {"acme", "", "prod"}, {"a/b", "web", "prod"}, {"acme", "web", "pr/od"},
	} {
		_, err := id.MarshalText()
		require.Error(t, err, "MarshalText of %#v", id)
		_, err = json.Marshal(id)
		require.Error(t, err, "json.Marshal of %#v", id)
	}
}

// The zero StackIdentifier is empty text, so that a flag or a field may be left out.
func TestStackIdentifier_ZeroIsEmptyText(t *testing.T) {
	t.Parallel()
	text, err := StackIdentifier{}.MarshalText()
	require.NoError(t, err)
	assert.Empty(t, text)
	data, err := json.Marshal(map[string]StackIdentifier{"id": {}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"id": ""}`, string(data))
	got := map[string]StackIdentifier{"id": {"a", "b", "c"}}
	require.NoError(t, json.Unmarshal(data, &got))
	assert.Zero(t, got["id"])
}

func TestStackIdentifier_JSON(t *testing.T) {
	t.Parallel()
	type holder struct {
		ID   StackIdentifier            `json:"id"`
		List []StackIdentifier          `json:"list"`
		Map  map[StackIdentifier]string `json:"map"`
	}
	a, b := StackIdentifier{"acme", "web", "prod"}, StackIdentifier{"acme", "web", "dev"}
	value := holder{a, []StackIdentifier{a, b}, map[StackIdentifier]string{a: "A", b: "B"}}
	const wire = `{"id": "acme/web/prod", "list": ["acme/web/prod", "acme/web/dev"], "map": {"acme/web/prod": "A", "acme/web/dev": "B"}}`

	data, err := json.Marshal(value)
	require.NoError(t, err, "json.Marshal")
	assert.JSONEq(t, wire, string(data), "json.Marshal")
	data, err = EncodeRequest(value)
	require.NoError(t, err, "EncodeRequest")
	assert.JSONEq(t, wire, string(data), "EncodeRequest")
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		var got holder
		require.NoError(t, unmarshal([]byte(wire), &got), name)
		assert.Equal(t, value, got, name)
		require.Error(t, unmarshal([]byte(`{"id": "acme/web"}`), &got), name)
		require.Error(t, unmarshal([]byte(`{"map": {"acme/web": "A"}}`), &got), name)
	}
}

func TestStackIdentifier_IsAFlag(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		initial StackIdentifier
		args    []string
		want    StackIdentifier
	}{
		{StackIdentifier{}, nil, StackIdentifier{}},
		{StackIdentifier{"acme", "web", "dev"}, nil, StackIdentifier{"acme", "web", "dev"}},
		{StackIdentifier{}, []string{"-stack", "acme/web/prod"}, StackIdentifier{"acme", "web", "prod"}},
		{StackIdentifier{"acme", "web", "dev"}, []string{"-stack=acme/web/prod"}, StackIdentifier{"acme", "web", "prod"}},
	} {
		var id StackIdentifier
		flags := flag.NewFlagSet("test", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		flags.TextVar(&id, "stack", c.initial, "the stack")
		require.NoError(t, flags.Parse(c.args), "Parse(%q)", c.args)
		assert.Equal(t, c.want, id, "Parse(%q)", c.args)
		flags.PrintDefaults() // must not panic
	}
	var id StackIdentifier
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.TextVar(&id, "stack", StackIdentifier{}, "the stack")
	err := flags.Parse([]string{"-stack", "acme/web"})
	require.ErrorContains(t, err, "organization/project/stack", "Parse(-stack acme/web)")
	require.NotErrorIs(t, err, flag.ErrHelp)
}

func TestEnvironmentIdentifier_IsText(t *testing.T) {
	t.Parallel()
	id := EnvironmentIdentifier{Org: "acme", Project: "web", Environment: "prod"}
	data, err := json.Marshal(map[EnvironmentIdentifier]EnvironmentIdentifier{id: {}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"acme/web/prod":""}`, string(data))
	got := map[EnvironmentIdentifier]EnvironmentIdentifier{}
	require.NoError(t, json.Unmarshal(data, &got))
	assert.Equal(t, map[EnvironmentIdentifier]EnvironmentIdentifier{id: {}}, got)
	for _, text := range []string{"acme/web", "acme/web/", "/web/prod", "acme//prod", "acme/web/prod/1"} {
		var refused *ArgumentError
		_, err := ParseEnvironmentIdentifier(text)
		require.ErrorAs(t, err, &refused, text)
		assert.Equal(t, text, refused.Value)
		require.ErrorAs(t, id.UnmarshalText([]byte(text)), &refused, text)
	}
	assert.Equal(t, "prod", id.Environment, "UnmarshalText failed, but changed it")
	_, err = EnvironmentIdentifier{Org: "a", Project: "b/c", Environment: "d"}.MarshalText()
	require.Error(t, err)
}

func FuzzParseStackIdentifier(f *testing.F) {
	for _, seed := range []string{"acme/web/prod", " a/b/c", "a/b/c\n", "a/b", "ä/.b/c..", "a/../c", "a/b/\u202ec", "a//c", "a/b/c?d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseStackIdentifier(text)
		if err != nil {
			var refused *ArgumentError
			require.ErrorAs(t, err, &refused)
			require.Zero(t, id, "what is returned with an error")
			return
		}
		require.Equal(t, text, id.String())
		require.False(t, strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || !unicode.IsPrint(r) }), "%q was read", text)
		path, err := stackGetEndpoint.path(id.pathArgs())
		require.NoError(t, err)
		unescaped, err := url.PathUnescape(path)
		require.NoError(t, err)
		require.Equal(t, "/api/stacks/"+text, unescaped)
	})
}
