package pulumiapitest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestScrubber_Text(t *testing.T) {
	t.Parallel()
	const token = "pul-0123456789abcdef0123456789abcdef01234567"
	for text, want := range map[string]string{
		"nothing to see here":                                                 "nothing to see here",
		"use " + token + ".":                                                  "use pul-scrubbed0001",
		"a project: pul-infrastructure-of-everything":                         "a project: pul-infrastructure-of-everything",
		"x eyJhbGciOi.c4n4ry-identity.c2ln y":                                 "x scrubbed0001 y",
		"AKIAIOSFODNN7EXAMPLE":                                                "scrubbed0001",
		"ghp_0123456789abcdefghijABCDEFGHIJ012345":                            "scrubbed0001",
		"xoxb-1234567890-abcdef":                                              "scrubbed0001",
		"https://hooks.slack.com/services/T0/B0/XyZ123":                       "https://hooks.slack.com/services/scrubbed0001",
		"clone https://me:hunter2@github.com/acme":                            "clone https://scrubbed0001@github.com/acme",
		"clone ssh://git@github.com/acme":                                     "clone ssh://git@github.com/acme",
		"GET /a?x=1&access_token=hunter2&y=2":                                 "GET /a?x=1&access_token=scrubbed0001&y=2",
		"GET /a?continuationToken=abcdefghijkl":                               "GET /a?continuationToken=abcdefghijkl",
		"Authorization: token hunter2\r\nAccept: a/b\r\nCookie: a=b\r":        "Authorization: scrubbed0001\r\nAccept: a/b\r\nCookie: scrubbed0002\r",
		"values:\n  fn::secret: hunter2\n  aws:region: x\n":                   "values:\n  fn::secret: scrubbed0001\n  aws:region: x\n",
		"PULUMI_ACCESS_TOKEN=hunter2\nHOME=/root":                             "PULUMI_ACCESS_TOKEN=scrubbed0001\nHOME=/root",
		`data: {"tokenValue": "hunter2", "name": "x"}`:                        `data: {"tokenValue": "scrubbed0001", "name": "x"}`,
		`{"password":"a\"b"} and {"password":"a\"b"`:                          `{"password":"scrubbed0001"} and {"password":"scrubbed0001"`,
		"-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----": "scrubbed0001",
		`a: {password: hunter2, "b": 1}`:                                      `a: {password: scrubbed0001, "b": 1}`,
		`password: "hun\"ter2"`:                                               `password: "scrubbed0001"`,
		"{'password': 'hunter2', 'a': 'b'}":                                   "{'password': 'scrubbed0001', 'a': 'b'}",
		"export API_TOKEN=hunter2":                                            "export API_TOKEN=scrubbed0001",
		"it failed with --password=hunter2 and a=b":                           "it failed with --password=scrubbed0001 and a=b",
		"Content-Disposition: form-data; name=\"password\"\r\nContent-Type: a/b\r\n\r\nhunter2\r\n--x--": "Content-Disposition: form-data; name=\"password\"\r\nContent-Type: a/b\r\n\r\nscrubbed0001\r\n--x--",
		"as eyJwYXNzd29yZCI6Imh1bnRlcjIifQ== or eyJ1c2VyIjoiaHVudGVyMiJ9":                                "as scrubbed0002 or eyJ1c2VyIjoiaHVudGVyMiJ9",
		`{"a": "{\"password\": \"hunter2\"}"}`:                                                           `{"a":"{\"password\":\"scrubbed0001\"}"}`,
		`{"a": "{\"b\": 1}"}`:                                                                            `{"a": "{\"b\": 1}"}`,
	} {
		clean := newScrubber(nil, nil)
		scrubbed := clean.text(text)
		assert.Equal(t, want, scrubbed, text)
		assert.Equal(t, want, clean.text(scrubbed), "again: %s", text)
	}
}

func TestScrubber_JSON(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"b": 1.50, "a": [true, null, "\u00e9"], "b": 1e400}`:                                                                                          `{"b":1.50,"a":[true,null,"\u00e9"],"b":1e400}`,
		`{"tokenValue": "a", "id": "b", "access_token": "a", "accessToken": "c"}`:                                                                       `{"tokenValue":"scrubbed0001","id":"b","access_token":"scrubbed0001","accessToken":"scrubbed0002"}`,
		`{"hasSecret": true, "secret": "", "continuationToken": "x", "nextToken": "y"}`:                                                                 `{"hasSecret":true,"secret":"","continuationToken":"x","nextToken":"y"}`,
		`{"plaintexts": ["YQ==", "Yg==", "YQ=="]}`:                                                                                                      `{"plaintexts":["scrubbed0001","scrubbed0002","scrubbed0001"]}`,
		`{"credentials": {"user": "u", "n": 1, "deep": [{"k": "v"}]}}`:                                                                                  `{"credentials":{"user":"scrubbed0001","n":0,"deep":[{"k":"scrubbed0002"}]}}`,
		`{"aws:key": {"string": "AAAB", "secret": true, "object": false}}`:                                                                              `{"aws:key":{"string":"scrubbed0001","secret":true,"object":false}}`,
		`{"aws:key": {"string": "eu", "secret": false}}`:                                                                                                `{"aws:key":{"string":"eu","secret":false}}`,
		`{"x": {"isSecret": true, "value": {"a": "b"}}}`:                                                                                                `{"x":{"isSecret":true,"value":{"a":"scrubbed0001"}}}`,
		`{"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": "\"hunter2\"", "ciphertext": "{\"a\":1}", "value": "v"}`: `{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270","plaintext":"\"scrubbed0001\"","ciphertext":"\"scrubbed0002\"","value":"scrubbed0003"}`,
		`{"password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}}`:                                                        `{"password":{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"}}`,
		`{"secret": true, "value": -12.5e3, "not": 1}`:                                                                                                  `{"secret":true,"value":0,"not":1}`,
		`[{"name": "DB_PASSWORD", "value": "hunter2"}, {"key": "owner", "value": "ada"}]`:                                                               `[{"name":"DB_PASSWORD","value":"scrubbed0001"},{"key":"owner","value":"ada"}]`,
		`{"a": "[\"{\\\"secret\\\": true, \\\"value\\\": \\\"hunter2\\\"}\"]", "b": "[1, 2]"}`:                                                          `{"a":"[\"{\\\"secret\\\":true,\\\"value\\\":\\\"scrubbed0001\\\"}\"]","b":"[1, 2]"}`,
		`"just text"`: `"just text"`,
		`[[], {}, 0]`: `[[],{},0]`,
		`{"secret": "hunter2hunter2", "echo": "<hunter2hunter2>", "hunter2hunter2": 1}`: `{"secret":"scrubbed0001","echo":"<scrubbed0001>","scrubbed0001":1}`,
	} {
		clean := newScrubber(nil, nil)
		scrubbed := string(clean.json([]byte(text)))
		assert.Equal(t, want, scrubbed, text)
		assert.Equal(t, want, string(clean.json([]byte(scrubbed))), "again: %s", text)
	}
}

func TestScrubber_URLsAndForms(t *testing.T) {
	t.Parallel()
	clean := newScrubber([]string{"licence-key"}, []string{"text/of mine"})
	for _, test := range [][2]string{
		{"https://u:p@h/base/api/a%2Fb/x?q=a+b&z=", "https://h/base/api/a%2Fb/x?q=a+b&z="},
		{"https://h/api/text%2Fof%20mine/x#fragment", "https://h/api/scrubbed0001/x"},
		{"https://h/?LicenceKey=abc&sig=def&sign=ghi", "https://h/?LicenceKey=scrubbed0002&sig=scrubbed0003&sign=ghi"},
		{"https://h/a?note=text%2Fof+mine&%zz=%zz&b", "https://h/a?note=scrubbed0001&%zz=%zz&b"},
		{"https://h/api/pul-0123456789abcdef0123/tags", "https://h/api/pul-scrubbed0004/tags"},
		{"https://h/api/text/of%20mine/x", "https://h/api/scrubbed0001/x"},
		{"https://h/a?pul-0123456789abcdef0123&pul-0123456789abcdef0123=1", "https://h/a?pul-scrubbed0004&pul-scrubbed0004=1"},
	} {
		u, err := url.Parse(test[0])
		require.NoError(t, err)
		assert.Equal(t, test[1], clean.url(u))
	}
	form := newBody(clean, http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}, capture{data: []byte("grant_type=x&subject_token=hunter2&refresh_token=abc")})
	assert.Equal(t, []string{"grant_type=x&subject_token=scrubbed0005&refresh_token=scrubbed0002"}, form.Text)
}

func TestScrubber_Headers(t *testing.T) {
	t.Parallel()
	clean := newScrubber(nil, nil)
	clean.learn(http.Header{"Authorization": {"Bearer hunter2hunter2"}, "Cookie": {"a=b; session=abcdefghijkl"}, "X-Api-Key": {"key-key-key"}, "Accept": {"a/b"}})
	assert.Equal(t, "scrubbed", clean.text("hunter2hunter2")[:8])
	assert.Equal(t, "scrubbed", clean.text("abcdefghijkl")[:8])
	assert.Equal(t, "scrubbed", clean.text("key-key-key")[:8])
	assert.Equal(t, "a/b", clean.text("a/b"))
	clean.learn(http.Header{"Authorization": {"Basic YWRhOnBhc3NwaHJhc2U="}})
	assert.Equal(t, "scrubbed", clean.text("passphrase")[:8])
	assert.Equal(t, http.Header{
		"X-Auth-Token": {clean.secret("zzz")},
		"X-Echo":       {"it was " + clean.secret("hunter2hunter2")},
	}, clean.header(http.Header{
		"Set-Cookie": {"session=1"}, "Date": {"today"}, "X-Auth-Token": {"zzz"}, "X-Echo": {"it was hunter2hunter2"},
	}))
}

func TestScrubber_PlaceholdersAreBase64AndStayApart(t *testing.T) {
	t.Parallel()
	clean := newScrubber(nil, nil)
	seen := map[string]bool{}
	for i := range 10_050 {
		standsFor := clean.secret("number " + strconv.Itoa(i))
		_, err := base64.StdEncoding.DecodeString(standsFor)
		require.NoError(t, err, standsFor)
		require.Equal(t, standsFor, placeholder.FindString(standsFor))
		require.Equal(t, standsFor, clean.secret(standsFor))
		require.False(t, seen[standsFor], standsFor)
		seen[standsFor] = true
	}
}

// What may be prose is scrubbed where it stands, and its words nowhere else.
func TestScrubber_ProseIsNotLookedForElsewhere(t *testing.T) {
	t.Parallel()
	clean := newScrubber(nil, nil)
	assert.Equal(t, "password: scrubbed0001", clean.text("password: production"))
	assert.Equal(t, "production and passw0rd", clean.text("production and passw0rd"))
	assert.Equal(t, "password: scrubbed0002", clean.text("password: passw0rd"))
	assert.Equal(t, "production and scrubbed0002", clean.text("production and passw0rd"))
	assert.JSONEq(t, `{"password":"scrubbed0001"}`, string(clean.json([]byte(`{"password":"production"}`))), "now it is sure")
	assert.Equal(t, "scrubbed0001 and scrubbed0002", clean.text("production and passw0rd"))
}

// What is a secret in part, after another rule, is one as a whole.
func TestScrubber_NothingIsLeftBesideAPlaceholder(t *testing.T) {
	t.Parallel()
	clean := newScrubber(nil, []string{"xy"})
	assert.Equal(t, "password: scrubbed0003", clean.text(`password: {"token": "a1b2c3d4", "x": "hunter2"}`))
	assert.Equal(t, "a scrubbed0001 b", clean.text("a xy b"), "asked for, and short")
	assert.Equal(t, `"scrubbed0003"`, clean.secret(`"scrubbed0003"`))
	assert.Empty(t, clean.secret(""))
	assert.Equal(t, "scrubbed0004", clean.secret("?!"))
}

func TestBody_IsReadThroughItsCompression(t *testing.T) {
	t.Parallel()
	const text = `{"tokenValue":"hunter2hunter2"}`
	once := gzipped([]byte(text))
	for name, test := range map[string]struct {
		data []byte
		want body
	}{
		"once":   {once, body{JSON: []byte(`{"tokenValue":"scrubbed0001"}`), Gzip: 1}},
		"twice":  {gzipped(once), body{JSON: []byte(`{"tokenValue":"scrubbed0001"}`), Gzip: 2}},
		"broken": {slices.Concat(once[:len(once)-8], make([]byte, 8)), body{JSON: []byte(`{"tokenValue":"scrubbed0001"}`), Gzip: 1}},
		"none":   {[]byte("\x1f\x8b"), body{Base64: []byte("\x1f\x8b")}},
		"long":   {gzipped([]byte(strings.Repeat("x", 1001))), body{LeftOut: true}},
	} {
		assert.Equal(t, test.want, newBody(newScrubber(nil, nil), nil, capture{data: test.data, limit: 1000}), name)
	}
	sent, err := body{JSON: []byte(`{ "a": 1 }`), Gzip: 2}.bytes()
	require.NoError(t, err)
	assert.Equal(t, gzipped(gzipped([]byte(`{"a":1}`))), sent)
}

// A short secret is scrubbed where it is known to be one, and nowhere else.
func TestScrubber_ShortSecretsAreNotLookedForElsewhere(t *testing.T) {
	t.Parallel()
	clean := newScrubber(nil, nil)
	assert.JSONEq(t, `{"secret":"scrubbed0001","project":"prod"}`, string(clean.json([]byte(`{"secret":"prod","project":"prod"}`))))
}

// JSON that is no whole document is still JSON, and half a secret is one.
func TestBody_OfSeveralDocumentsOrCutOff(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{\"plaintexts\": [\"a1b2\"]}\n\n{\"a\": 1}\n": "{\"plaintexts\":[\"scrubbed0001\"]}\n{\"a\":1}\n",
		"{\"a\": 1}\n{\"password\": {\"b\": \"c\"}}":   "{\"a\":1}\n{\"password\":{\"b\":\"scrubbed0001\"}}",
		`{"plaintexts": ["a1b2", "c3d4`:                `{"plaintexts":["scrubbed0001"`,
		`{"secret": true, "value": "a1b2", `:           `{"secret":true,"value":"scrubbed0001"`,
		`{"a": [{"b": 1}], "secret": "a1b`:             `{"a":[{"b":1}]`,
		`[{"a": {"b": tr`:                              `[{"a":{`,
		`{"a": 1, "secret`:                             `{"a":1`,
		`{"a": 1, "secret":`:                           `{"a":1`,
		`{`:                                            `{`,
		`{"a": 1} and password=a1b2`:                   `{"a": 1} and password=scrubbed0001`,
		`[warning] password=a1b2`:                      `[warning] password=scrubbed0001`,
	} {
		got := newBody(newScrubber(nil, nil), nil, capture{data: []byte(text)})
		assert.Equal(t, want, strings.Join(got.Text, ""), text)
	}
}

func TestScrubber_YAML(t *testing.T) {
	t.Parallel()
	const text = `values:
  key:
    fn::secret: |
      a1b2c3d4

        d4e5f6g7
    after: a1b2c3d4
  other:
    fn::secret:
      fn::fromJSON:
        user: grace
        - one
  region: eu
`
	const want = `values:
  key:
    fn::secret: scrubbed0005
      scrubbed0001

        scrubbed0002
    after: scrubbed0001
  other:
    fn::secret:
      fn::fromJSON:
        user: scrubbed0003
        - scrubbed0004
  region: eu
`
	clean := newScrubber(nil, nil)
	assert.Equal(t, want, clean.text(text))
	assert.Equal(t, want, clean.text(want), "again")
}
