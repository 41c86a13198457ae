package pulumiapi

import (
	"bytes"
	"encoding/gob"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// canary is a text that must not be found where a secret must not show.
const canary = "pul-canary-6fe1b2"

// forms of the canary in which a verb may show it.
var canaryForms = []string{
	canary, "canary", fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary), fmt.Sprintf("% x", canary),
	strings.Trim(fmt.Sprintf("%d", []byte(canary)), "[]"), "0x70, 0x75, 0x6c",
	"cHVsLWNhbmFyeS02ZmUxYjI", // base64
}

func assertNoCanary(t *testing.T, text, called string) {
	t.Helper()
	for _, form := range canaryForms {
		assert.NotContains(t, text, form, "%s shows the secret", called)
	}
}

// holders are values that hold the secret, in every way one can.
func holders(secret Secret) map[string]any {
	type exported struct{ Secret Secret }
	type unexported struct{ secret Secret }
	type pointers struct {
		Exported   *Secret
		unexported *Secret
	}
	type embedded struct{ Secret }
	type deep struct {
		inner unexported
		list  []unexported
		byKey map[string]unexported
		any   any
	}
	return map[string]any{
		"itself":                    secret,
		"a pointer":                 &secret,
		"a pointer to a pointer":    new(&secret),
		"an exported field":         exported{secret},
		"an unexported field":       unexported{secret},
		"a pointer to a struct":     &unexported{secret},
		"fields of pointers":        pointers{&secret, &secret},
		"a slice":                   []Secret{secret, secret},
		"a slice of pointers":       []*Secret{&secret},
		"a slice of any":            []any{secret, &secret},
		"an array":                  [1]Secret{secret},
		"a map's value":             map[string]Secret{"key": secret},
		"a map's key":               map[Secret]int{secret: 1},
		"a struct in depth":         deep{unexported{secret}, []unexported{{secret}}, map[string]unexported{"k": {secret}}, unexported{secret}},
		"a Nullable":                NullableOf(secret),
		"a struct with a Nullable":  struct{ N Nullable[Secret] }{NullableOf(secret)},
		"an unexported Nullable":    struct{ n Nullable[Secret] }{NullableOf(secret)},
		"an embedded Secret":        embedded{secret},
		"an interface":              struct{ any any }{secret},
		"the client's own settings": config{token: secret},
		"a client":                  &Client{common: func() http.Header { return http.Header{"Authorization": {authorization(secret)}} }},
		"stored credentials":        storedCredentials{AccessTokens: map[string]Secret{"url": secret}, Accounts: map[string]storedAccount{"url": {AccessToken: secret, RefreshToken: secret}}},
	}
}

func TestSecret_Format_NeverReveals(t *testing.T) {
	t.Parallel()
	verbs := []string{
		"%v", "%+v", "%#v", "%s", "%q", "%#q", "%+q", "%x", "%X", "% x", "%#x", "%d", "%p", "%t", "%c", "%U", "%e", "%g", "%b",
		"%o", "%O", "%w", "%y", "%100v", "%-100s", "%.3s", "%08d", "%+d", "%!",
	}
	for name, holder := range holders(NewSecret(canary)) {
		for _, verb := range verbs {
			called := fmt.Sprintf("Sprintf(%q, %s)", verb, name)
			assertNoCanary(t, fmt.Sprintf(verb, holder), called)
			assertNoCanary(t, fmt.Errorf("wrapped: "+verb, holder).Error(), called) //nolint:err113 // a format that a user may write
		}
		assertNoCanary(t, fmt.Sprint(holder), "Sprint of "+name)
		assertNoCanary(t, fmt.Sprintln(holder, holder), "Sprintln of "+name)
	}
	secret := NewSecret(canary)
	for _, verb := range verbs[:len(verbs)-1] {
		if verb == "%p" || verb == "%w" {
			continue // fmt asks no Formatter there, and prints an address
		}
		assert.Equal(t, redacted, fmt.Sprintf(verb, secret), "Sprintf(%q, secret)", verb)
		assert.Equal(t, redacted, fmt.Sprintf(verb, Secret{}), "Sprintf(%q, Secret{}): whether there is one is not shown", verb)
	}
	assert.Equal(t, redacted, secret.String(), "String()")
	assert.Equal(t, "{[redacted]}", fmt.Sprint(struct{ S Secret }{secret}), "an exported field")
}

func TestSecret_Templates_NeverReveal(t *testing.T) {
	t.Parallel()
	tmpl := template.Must(template.New("").Parse(`{{.}} {{printf "%s" .}} {{print .}} {{html .}} {{js .}}`))
	for name, holder := range holders(NewSecret(canary)) {
		var out strings.Builder
		require.NoError(t, tmpl.Execute(&out, holder), name)
		assertNoCanary(t, out.String(), "a template with "+name)
	}
}

func TestSecret_Slog_NeverReveals(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for name, handler := range map[string]slog.Handler{
		"TextHandler": slog.NewTextHandler(&out, options), "JSONHandler": slog.NewJSONHandler(&out, options),
	} {
		logger := slog.New(handler)
		for what, holder := range holders(NewSecret(canary)) {
			out.Reset()
			logger.InfoContext(t.Context(), "message", "key", holder, slog.Group("group", slog.Any("inner", holder)))
			logger.With("with", holder).InfoContext(t.Context(), "message")
			require.NotZero(t, out.Len(), "%s wrote nothing of %s", name, what)
			assertNoCanary(t, out.String(), name+" with "+what)
		}
		out.Reset()
		logger.InfoContext(t.Context(), "message", "key", NewSecret(canary))
		assert.Contains(t, out.String(), redacted, "%s of a Secret", name)
	}
}

// A handler that looks for itself, with reflection say, gets the text only.
func TestSecret_LogValue(t *testing.T) {
	t.Parallel()
	for _, secret := range []Secret{NewSecret(canary), {}} {
		assert.Equal(t, slog.StringValue(redacted), slog.AnyValue(secret).Resolve(), "AnyValue(secret).Resolve()")
	}
	assert.Equal(t, slog.StringValue(redacted), slog.AnyValue(new(NewSecret(canary))).Resolve(), "AnyValue(&secret).Resolve()")
}

func TestSecret_Encoders_NeverReveal(t *testing.T) {
	t.Parallel()
	encoders := map[string]func(any) ([]byte, error){
		"encoding/json": json.Marshal,
		"jsonx.Marshal": jsonx.Marshal,
		"encoding/xml":  xml.Marshal,
		"encoding/gob": func(v any) ([]byte, error) {
			var out bytes.Buffer
			err := gob.NewEncoder(&out).Encode(v)
			return out.Bytes(), err
		},
	}
	for name, encode := range encoders {
		for what, holder := range holders(NewSecret(canary)) {
			// Some of them can't be encoded at all. What is written must not show it, nor must the error.
			data, err := encode(holder)
			assertNoCanary(t, string(data), name+" of "+what)
			if err != nil {
				assertNoCanary(t, err.Error(), "the error of "+name+" of "+what)
			}
		}
	}
	for name, encode := range map[string]func(any) ([]byte, error){"encoding/json": json.Marshal, "jsonx.Marshal": jsonx.Marshal} {
		data, err := encode(map[string]any{"value": NewSecret(canary), "pointer": new(NewSecret(canary)), "list": []Secret{NewSecret(canary)}})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"value": "[redacted]", "pointer": "[redacted]", "list": ["[redacted]"]}`, string(data), name)

		data, err = encode(map[Secret]int{NewSecret(canary): 1})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{"[redacted]": 1}`, string(data), "%s with a Secret as a key", name)

		data, err = encode(struct {
			Secret Secret `json:"secret,omitzero"`
		}{})
		require.NoError(t, err, name)
		assert.JSONEq(t, `{}`, string(data), "%s of an empty Secret under omitzero", name)
	}
}

func TestSecret_RequestEncoder_Reveals(t *testing.T) {
	t.Parallel()
	secret := NewSecret(canary)
	type body struct {
		Plain   Secret            `json:"plain"`
		Empty   Secret            `json:"empty"`
		Omitted Secret            `json:"omitted,omitzero"`
		Pointer *Secret           `json:"pointer"`
		Nil     *Secret           `json:"nil"`
		Slice   []Secret          `json:"slice"`
		Map     map[string]Secret `json:"map"`
		Any     any               `json:"any"`
		Null    Nullable[Secret]  `json:"null,omitzero"`
		Set     Nullable[Secret]  `json:"set,omitzero"`
		Left    Nullable[Secret]  `json:"left,omitzero"`
	}
	data, err := EncodeRequest(body{
		Plain: secret, Pointer: &secret, Slice: []Secret{secret, {}}, Map: map[string]Secret{"a": secret}, Any: secret,
		Null: Null[Secret](), Set: NullableOf(secret),
	})
	require.NoError(t, err)
	want := strings.ReplaceAll(`{
		"plain": "*", "empty": "", "pointer": "*", "nil": null, "slice": ["*", ""], "map": {"a": "*"}, "any": "*",
		"null": null, "set": "*"
	}`, "*", canary)
	assert.JSONEq(t, want, string(data), "EncodeRequest")

	odd := "quo\"te\\ \n <é> \u2028 😀"
	data, err = EncodeRequest(NewSecret(odd))
	require.NoError(t, err)
	var back string
	require.NoError(t, json.Unmarshal(data, &back))
	assert.Equal(t, odd, back, "EncodeRequest of a Secret with odd characters")
}

func TestSecret_RequestEncoder_ErrorDoesNotQuote(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		map[string]any{"secret": NewSecret(canary + "\xff")},
		map[Secret]int{NewSecret(canary + "\xff"): 1},
		struct {
			Secret Secret
			Bad    func()
		}{Secret: NewSecret(canary)},
	} {
		_, err := jsonBody("req", v)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, "jsonBody(%T)", v)
		assert.Empty(t, refused.Value)
		assertNoCanary(t, fmt.Sprintf("%v %+v %#v", err, err, err), fmt.Sprintf("the error of jsonBody(%T)", v))
	}
}

// These marshal a Secret by themselves.
type (
	ownJSON        struct{ secret Secret }
	ownJSONPointer struct{ Secret Secret }
	ownText        struct{ secret Secret }
	revealing      struct{ secret Secret }
	plainJSON      struct{ text string }
)

func (o ownJSON) MarshalJSON() ([]byte, error)         { return json.Marshal(map[string]any{"s": o.secret}) }
func (o *ownJSONPointer) MarshalJSON() ([]byte, error) { return json.Marshal([]any{o.Secret}) }
func (o ownText) MarshalText() ([]byte, error)         { return fmt.Appendf(nil, "Bearer %s", o.secret), nil }
func (r revealing) MarshalJSON() ([]byte, error)       { return json.Marshal(r.secret.Reveal()) }
func (p plainJSON) MarshalJSON() ([]byte, error)       { return json.Marshal(p.text) }

func TestSecret_RequestEncoder_RefusesWhatAMethodRedacts(t *testing.T) {
	t.Parallel()
	secret := NewSecret(canary)
	for name, body := range map[string]any{
		"itself":             ownJSON{secret},
		"a pointer":          &ownJSON{secret},
		"a pointer's method": &ownJSONPointer{secret},
		"a field":            struct{ A ownJSON }{ownJSON{secret}},
		"an addressed field": &struct{ A ownJSONPointer }{ownJSONPointer{secret}},
		"an element":         []ownJSON{{secret}},
		"in an interface":    map[string]any{"a": []any{ownJSON{secret}}},
		"text":               struct{ A ownText }{ownText{secret}},
		"a key":              map[ownText]int{{secret}: 1},
		"beside another": struct {
			A Secret
			B ownJSON
		}{secret, ownJSON{secret}},
		"in one that reveals": struct{ A any }{struct{ B ownJSON }{ownJSON{secret}}},
	} {
		_, err := jsonBody("req.Body", body)
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused, name)
		assert.Equal(t, "req.Body", refused.Name, name)
		assert.Contains(t, refused.Reason, "in place of a Secret", name)
		assertNoCanary(t, err.Error(), name)
	}
	for name, body := range map[string]any{
		"a method that reveals": revealing{secret},
		"a text": struct {
			S Secret
			A string
		}{secret, "[redacted]"},
		"raw JSON": struct {
			S Secret
			A json.RawMessage
		}{secret, json.RawMessage(`"[redacted]"`)},
		"a type without any": map[string]any{"a": plainJSON{"[redacted]"}, "b": secret},
		"nil":                map[string]any{"a": (*ownJSON)(nil), "b": secret},
	} {
		data, err := EncodeRequest(body)
		require.NoError(t, err, name)
		assert.Contains(t, string(data), canary, name)
	}
}

func TestSecret_UnmarshalJSON(t *testing.T) {
	t.Parallel()
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		secret := NewSecret("before")
		require.NoError(t, unmarshal([]byte(`"`+canary+`"`), &secret), name)
		assert.Equal(t, canary, secret.Reveal(), name)

		require.NoError(t, unmarshal([]byte(`"\u0061b\n"`), &secret), name)
		assert.Equal(t, "ab\n", secret.Reveal(), "%s of escapes", name)

		for _, empty := range []string{`""`, `null`} {
			secret = NewSecret("before")
			require.NoError(t, unmarshal([]byte(empty), &secret), "%s(%s)", name, empty)
			assert.True(t, secret.IsZero(), "%s(%s)", name, empty)
			assert.Empty(t, secret.Reveal(), "%s(%s)", name, empty)

			secret = NewSecret("before")
			require.NoError(t, secret.UnmarshalJSON([]byte(empty)), "UnmarshalJSON(%s)", empty)
			assert.True(t, secret.IsZero(), "UnmarshalJSON(%s)", empty)
		}
	}
}

func TestSecret_UnmarshalJSON_RefusesWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	for name, unmarshal := range map[string]func([]byte, any) error{"jsonx.Decode": jsonx.Decode, "json.Unmarshal": json.Unmarshal} {
		for _, text := range []string{
			`"[redacted]"`, `"\u005bredacted]"`, `1`, `true`, `{}`, `{"` + canary + `": "` + canary + `"}`, `["` + canary + `"]`,
		} {
			secret := NewSecret("before")
			err := unmarshal([]byte(text), &secret)
			require.Error(t, err, "%s(%s)", name, text)
			assertNoCanary(t, fmt.Sprintf("%v %+v", err, err), fmt.Sprintf("the error of %s(%s)", name, text))
			assert.Equal(t, "before", secret.Reveal(), "%s(%s) failed, but changed the Secret", name, text)
		}
	}
	for _, text := range []string{``, `"` + canary, canary, `"` + canary + `" "`, `"\u00"`} {
		var secret Secret
		err := secret.UnmarshalJSON([]byte(text))
		require.Error(t, err, "UnmarshalJSON(%q)", text)
		assertNoCanary(t, err.Error(), fmt.Sprintf("the error of UnmarshalJSON(%q)", text))
	}
	var secret Secret
	require.Error(t, secret.UnmarshalText([]byte(redacted)), "UnmarshalText(%q)", redacted)
	require.NoError(t, secret.UnmarshalText([]byte(canary)))
	assert.Equal(t, canary, secret.Reveal(), "UnmarshalText")
}

// A Secret that was marshalled does not come back as one.
func TestSecret_Marshal_IsNotReadBack(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(NewSecret(canary))
	require.NoError(t, err)
	var secret Secret
	require.ErrorIs(t, json.Unmarshal(data, &secret), errRedacted, "json.Unmarshal(%s)", data)
}

func TestSecret_Equal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b Secret
		want bool
	}{
		{NewSecret("a"), NewSecret("a"), true},
		{NewSecret("a"), NewSecret("b"), false},
		{NewSecret("a"), NewSecret("ab"), false},
		{NewSecret("a"), Secret{}, false},
		{Secret{}, NewSecret("a"), false},
		{Secret{}, Secret{}, true},
		{Secret{}, NewSecret(""), true},
	} {
		assert.Equal(t, c.want, c.a.Equal(c.b), "NewSecret(%q).Equal(NewSecret(%q))", c.a.Reveal(), c.b.Reveal())
	}
	assert.True(t, NewSecret("").IsZero(), `NewSecret("").IsZero()`)
	assert.False(t, NewSecret(" ").IsZero(), `NewSecret(" ").IsZero()`)
	assert.Equal(t, Secret{}, NewSecret(""), "an empty Secret is the zero Secret, for omitzero")
}
