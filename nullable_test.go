package pulumiapi

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// nullables is a request's body as the package's own are: every Nullable says omitzero.
type nullables struct {
	Text   Nullable[string]         `json:"text,omitzero"`
	Number Nullable[int]            `json:"number,omitzero"`
	Flag   Nullable[bool]           `json:"flag,omitzero"`
	Secret Nullable[Secret]         `json:"secret,omitzero"`
	List   Nullable[[]string]       `json:"list,omitzero"`
	Time   Nullable[Timestamp]      `json:"time,omitzero"`
	Struct Nullable[stackTagFields] `json:"struct,omitzero"`
}

type stackTagFields struct {
	Name   string `json:"name"`
	Secret Secret `json:"secret,omitzero"`
}

func TestNullable_RequestEncoder_KnowsThreeStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body nullables
		want string
	}{
		"left alone": {nullables{}, `{}`},
		"cleared": {
			nullables{
				Text: Null[string](), Number: Null[int](), Flag: Null[bool](), Secret: Null[Secret](), List: Null[[]string](),
				Time: Null[Timestamp](), Struct: Null[stackTagFields](),
			},
			`{"text": null, "number": null, "flag": null, "secret": null, "list": null, "time": null, "struct": null}`,
		},
		"set": {
			nullables{
				Text: NullableOf("a"), Number: NullableOf(7), Flag: NullableOf(true), Secret: NullableOf(NewSecret(canary)),
				List: NullableOf([]string{"a"}), Time: NullableOf(Timestamp{Time: time.Unix(1700000000, 0).UTC()}),
				Struct: NullableOf(stackTagFields{Name: "n", Secret: NewSecret(canary)}),
			},
			`{"text": "a", "number": 7, "flag": true, "secret": "` + canary + `", "list": ["a"], "time": "2023-11-14T22:13:20Z",
				"struct": {"name": "n", "secret": "` + canary + `"}}`,
		},
		"set to zero": {
			nullables{
				Text: NullableOf(""), Number: NullableOf(0), Flag: NullableOf(false), Secret: NullableOf(Secret{}),
				List: NullableOf([]string(nil)), Time: NullableOf(Timestamp{}), Struct: NullableOf(stackTagFields{}),
			},
			`{"text": "", "number": 0, "flag": false, "secret": "", "list": [], "time": null, "struct": {"name": ""}}`,
		},
	} {
		data, err := EncodeRequest(c.body)
		require.NoError(t, err, "EncodeRequest, %s", name)
		assert.JSONEq(t, c.want, string(data), "EncodeRequest, %s", name)

		data, err = EncodeRequest(&c.body)
		require.NoError(t, err, "EncodeRequest of a pointer, %s", name)
		assert.JSONEq(t, c.want, string(data), "EncodeRequest of a pointer, %s", name)

		// The same elsewhere, but for secrets.
		data, err = json.Marshal(c.body)
		require.NoError(t, err, "json.Marshal, %s", name)
		elsewhere := strings.ReplaceAll(c.want, canary, redacted)
		elsewhere = strings.ReplaceAll(elsewhere, `"secret": ""`, `"secret": "[redacted]"`)
		assert.JSONEq(t, elsewhere, string(data), "json.Marshal, %s", name)
	}
}

func TestNullable_Get(t *testing.T) {
	t.Parallel()
	value, ok := NullableOf("").Get()
	assert.True(t, ok, `NullableOf("").Get()`)
	assert.Empty(t, value)
	value, ok = NullableOf("a").Get()
	assert.True(t, ok)
	assert.Equal(t, "a", value)
	assert.False(t, NullableOf("").IsNull(), `NullableOf("").IsNull()`)
	assert.False(t, NullableOf("").IsZero(), `NullableOf("").IsZero()`)

	_, ok = Null[string]().Get()
	assert.False(t, ok, "Null().Get()")
	assert.True(t, Null[string]().IsNull(), "Null().IsNull()")
	assert.False(t, Null[string]().IsZero(), "Null().IsZero()")

	var left Nullable[string]
	_, ok = left.Get()
	assert.False(t, ok, "Nullable{}.Get()")
	assert.False(t, left.IsNull(), "Nullable{}.IsNull()")
	assert.True(t, left.IsZero(), "Nullable{}.IsZero()")
}

func TestNullable_NullableOf_KeepsItsOwnValue(t *testing.T) {
	t.Parallel()
	value := "before"
	nullable := NullableOf(value)
	value = "after"
	got, _ := nullable.Get()
	assert.Equal(t, "before", got, "Get after the variable has become %q", value)
}
