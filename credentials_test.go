package pulumiapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// cleanEnvironment takes away what the machine's user has set, and returns the
// home directory, which is empty. It rules out t.Parallel.
func cleanEnvironment(t *testing.T) string {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "PULUMI_") {
			t.Setenv(name, "")
		}
	}
	for _, name := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_API", "PULUMI_HOME", "PULUMI_CREDENTIALS_PATH"} {
		t.Setenv(name, "")
	}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	return home
}

// loggedIn is cleanEnvironment with a credentials file in the home directory,
// whose path it returns.
func loggedIn(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(cleanEnvironment(t), ".pulumi", "credentials.json")
	writeCredentials(t, filepath.Dir(path), content)
	return path
}

func writeCredentials(t *testing.T, folder, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "credentials.json"), []byte(content), 0o600))
}

// requireClient checks which address and token a client has.
func requireClient(t *testing.T, address, token, called string, opts ...Option) {
	t.Helper()
	client, err := NewClient(opts...)
	require.NoError(t, err, called)
	require.Equal(t, address, client.base.String(), "%s: the address", called)
	require.Equal(t, token, firstToken(client), "%s: the token", called)
}

// firstToken returns the token that a client begins with.
func firstToken(client *Client) string {
	if client.tokens != nil {
		return client.tokens.token.secret.Reveal()
	}
	token := strings.TrimPrefix(client.common().Get("Authorization"), "token ")
	return token
}

func requireNoClient(t *testing.T, called string, opts ...Option) *ArgumentError {
	t.Helper()
	client, err := NewClient(opts...)
	var refused *ArgumentError
	require.ErrorAs(t, err, &refused, called)
	require.Nil(t, client, called)
	return refused
}

const (
	explicitURL = "https://explicit.example.com"
	backendURL  = "https://backend.example.com/below"
	currentURL  = "https://current.example.com"
	apiURL      = "https://api.example.com"
)

// allAddresses is a file with a token for each address that can be meant.
func allAddresses(current string) string {
	return fmt.Sprintf(`{"current": %q, "accessTokens": {%q: "file-explicit", %q: "file-backend", %q: "file-current", %q: "file-api", %q: "file-default"}}`,
		current, explicitURL, backendURL, currentURL, apiURL, defaultBaseURL)
}

// Every cell of the table: which address counts, and which token.
func TestFromEnvironment_Precedence(t *testing.T) {
	for bits := range 1 << 6 {
		has := func(bit int) bool { return bits&(1<<bit) != 0 }
		explicit, backend, current, api, explicitToken, tokenVariable := has(0), has(1), has(2), has(3), has(4), has(5)
		called := fmt.Sprintf("NewClient with WithBaseURL %t, PULUMI_BACKEND_URL %t, current %t, PULUMI_API %t, WithToken %t, PULUMI_ACCESS_TOKEN %t",
			explicit, backend, current, api, explicitToken, tokenVariable)
		t.Run(called, func(t *testing.T) {
			file := allAddresses("")
			if current {
				file = allAddresses(currentURL)
			}
			loggedIn(t, file)
			opts := []Option{FromEnvironment()}
			if backend {
				t.Setenv("PULUMI_BACKEND_URL", backendURL)
			}
			if api {
				t.Setenv("PULUMI_API", apiURL)
			}
			if tokenVariable {
				t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
			}
			if explicit {
				opts = append(opts, WithBaseURL(explicitURL))
			}
			if explicitToken {
				opts = append(opts, WithToken("from-option"))
			}
			address, token := defaultBaseURL, "file-default"
			switch {
			case explicit:
				address, token = explicitURL, "file-explicit"
			case backend:
				address, token = backendURL, "file-backend"
			case current:
				address, token = currentURL, "file-current"
			case api:
				address, token = apiURL, "file-api"
			}
			switch {
			case explicitToken:
				token = "from-option"
			case tokenVariable:
				token = "from-variable"
			}
			requireClient(t, address, token, called, opts...)
			// Nor does it matter where FromEnvironment stands, or how often.
			requireClient(t, address, token, called+", FromEnvironment last", append(slices.Clip(opts[1:]), FromEnvironment())...)
			requireClient(t, address, token, called+", FromEnvironment twice", append(slices.Clip(opts), FromEnvironment())...)
		})
	}
}

// Without FromEnvironment nothing of all this is looked at.
func TestNewClient_LeavesTheEnvironmentAlone(t *testing.T) {
	loggedIn(t, allAddresses(currentURL))
	t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
	t.Setenv("PULUMI_BACKEND_URL", backendURL)
	requireClient(t, defaultBaseURL, "from-option", "NewClient", WithToken("from-option"))
	refused := requireNoClient(t, "NewClient without options")
	assert.Equal(t, "opts", refused.Name)
}

func TestFromEnvironment_FindsTheFile(t *testing.T) {
	home := cleanEnvironment(t)
	credentials, pulumiHome := t.TempDir(), t.TempDir()
	for name, folder := range map[string]string{
		"PULUMI_CREDENTIALS_PATH": credentials, "PULUMI_HOME": pulumiHome, "home": filepath.Join(home, ".pulumi"),
	} {
		writeCredentials(t, folder, fmt.Sprintf(`{"current": %q, "accessTokens": {%q: %q}}`, currentURL, currentURL, "of-"+name))
	}
	requireClient(t, currentURL, "of-home", "NewClient with ~/.pulumi", FromEnvironment())
	t.Setenv("PULUMI_HOME", pulumiHome)
	requireClient(t, currentURL, "of-PULUMI_HOME", "NewClient with PULUMI_HOME", FromEnvironment())
	t.Setenv("PULUMI_CREDENTIALS_PATH", credentials)
	requireClient(t, currentURL, "of-PULUMI_CREDENTIALS_PATH", "NewClient with PULUMI_CREDENTIALS_PATH and PULUMI_HOME", FromEnvironment())
	t.Setenv("PULUMI_HOME", "")
	requireClient(t, currentURL, "of-PULUMI_CREDENTIALS_PATH", "NewClient with PULUMI_CREDENTIALS_PATH", FromEnvironment())

	// A folder that is named and has no file is not passed over.
	t.Setenv("PULUMI_CREDENTIALS_PATH", t.TempDir())
	refused := requireNoClient(t, "NewClient with an empty PULUMI_CREDENTIALS_PATH", FromEnvironment())
	assert.Equal(t, "FromEnvironment", refused.Name)
}

func TestFromEnvironment_TokensInTheFile(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	for what, c := range map[string]struct{ file, token string }{
		"accounts": {`{"current": "U", "accounts": {"U": {"accessToken": "account", "username": "me", "insecure": false, "tokenInformation": {"expiresAt": 1}}}}`, "account"},
		"accounts before accessTokens": {
			`{"current": "U", "accounts": {"U": {"accessToken": "account"}}, "accessTokens": {"U": "old"}}`, "account",
		},
		"accessTokens before accounts in the file": {
			`{"accessTokens": {"U": "old"}, "accounts": {"U": {"accessToken": "account"}}, "current": "U"}`, "account",
		},
		"accessTokens where the account has none":   {`{"current": "U", "accounts": {"U": {"username": "me"}}, "accessTokens": {"U": "old"}}`, "old"},
		"accessTokens where the account's is empty": {`{"current": "U", "accounts": {"U": {"accessToken": ""}}, "accessTokens": {"U": "old"}}`, "old"},
		"accessTokens":                               {`{"current": "U", "accessTokens": {"U": "old"}}`, "old"},
		"a slash at the end of current":              {`{"current": "U/", "accessTokens": {"U": "old"}}`, "old"},
		"a slash at the end of the key":              {`{"current": "U", "accessTokens": {"U/": "old"}}`, "old"},
		"a slash at the end of the account's key":    {`{"current": "U", "accounts": {"U/": {"accessToken": "account"}}}`, "account"},
		"slashes at both ends":                       {`{"current": "U/", "accounts": {"U/": {"accessToken": "account"}}}`, "account"},
		"the very address before the one with slash": {`{"current": "U", "accessTokens": {"U/": "with", "U": "without"}}`, "without"},
		"nulls": {`{"current": "U", "accounts": null, "accessTokens": {"U": "old"}, "$pulumiSecureStore": null}`, "old"},
		"unknown members, and names that come twice":  {`{"new": [1], "current": "V", "current": "U", "accessTokens": {"U": "old"}}`, "old"},
		"a refresh token beside the token":            {`{"current": "U", "accounts": {"U": {"accessToken": "account", "refreshToken": "refresh"}}}`, "account"},
		"a token of another address beside the token": {`{"current": "U", "accessTokens": {"https://other.example.com": "other", "U": "old"}}`, "old"},
	} {
		t.Run(what, func(t *testing.T) {
			loggedIn(t, strings.ReplaceAll(c.file, `"U`, `"`+currentURL))
			requireClient(t, currentURL, c.token, "NewClient with "+what, FromEnvironment())
		})
	}
}

// A token goes to the address that it is filed under, and to no other.
func TestFromEnvironment_NeverUsesAnotherAddressesToken(t *testing.T) {
	for _, address := range []string{
		"https://other.example.com", "http://current.example.com", "https://current.example.com:443", "https://current.example.com/below",
		"https://current.example.co", "https://current.example.com.evil.example", "https://CURRENT.example.com", defaultBaseURL,
	} {
		t.Run(address, func(t *testing.T) {
			loggedIn(t, fmt.Sprintf(`{"current": %q, "accessTokens": {%q: %q}, "accounts": {%q: {"accessToken": %q}}}`,
				currentURL, currentURL, canary, currentURL+"//", canary))
			refused := requireNoClient(t, "NewClient with WithBaseURL("+address+")", WithBaseURL(address), FromEnvironment())
			assert.Equal(t, "FromEnvironment", refused.Name)
			assert.Contains(t, refused.Error(), "no access token for "+address, "it says for which address")
			assert.Contains(t, refused.Error(), "PULUMI_ACCESS_TOKEN", "it says what to do")
			assert.Contains(t, refused.Error(), "pulumi login", "it says what to do")
			assertNoCanary(t, refused.Error(), "the error")

			for _, variable := range []string{"PULUMI_BACKEND_URL", "PULUMI_API"} {
				if variable == "PULUMI_API" {
					writeCredentials(t, filepath.Join(os.Getenv("HOME"), ".pulumi"), fmt.Sprintf(`{"accessTokens": {%q: %q}}`, currentURL, canary))
				}
				t.Setenv(variable, address)
				refused = requireNoClient(t, "NewClient with "+variable+"="+address, FromEnvironment())
				assertNoCanary(t, refused.Error(), "the error")
				t.Setenv(variable, "")
			}
		})
	}
}

func TestFromEnvironment_NotLoggedIn(t *testing.T) {
	for what, file := range map[string]string{
		"an empty file": "", "a blank file": " \n\t", "an empty object": "{}", "null": "null", "no tokens": `{"accessTokens": {}, "accounts": {}}`,
		"an empty token": `{"accessTokens": {"` + defaultBaseURL + `": ""}}`,
	} {
		t.Run(what, func(t *testing.T) {
			loggedIn(t, file)
			refused := requireNoClient(t, "NewClient with "+what, FromEnvironment())
			assert.Contains(t, refused.Error(), "no access token for "+defaultBaseURL)
			t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
			requireClient(t, defaultBaseURL, "from-variable", "NewClient with "+what+" and PULUMI_ACCESS_TOKEN", FromEnvironment())
		})
	}
	t.Run("no file", func(t *testing.T) {
		cleanEnvironment(t)
		refused := requireNoClient(t, "NewClient without a file", FromEnvironment())
		assert.Contains(t, refused.Error(), "no access token for "+defaultBaseURL)
		t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
		t.Setenv("PULUMI_API", apiURL)
		requireClient(t, apiURL, "from-variable", "NewClient without a file, with PULUMI_ACCESS_TOKEN", FromEnvironment())
	})
	t.Run("no home directory", func(t *testing.T) {
		cleanEnvironment(t)
		t.Setenv("HOME", "")
		t.Setenv("USERPROFILE", "")
		refused := requireNoClient(t, "NewClient without a home directory", FromEnvironment())
		assert.Contains(t, refused.Error(), "no access token for "+defaultBaseURL)
		t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
		requireClient(t, defaultBaseURL, "from-variable", "NewClient without a home directory, with PULUMI_ACCESS_TOKEN", FromEnvironment())
		folder := t.TempDir()
		writeCredentials(t, folder, allAddresses(currentURL))
		t.Setenv("PULUMI_ACCESS_TOKEN", "")
		t.Setenv("PULUMI_HOME", folder)
		requireClient(t, currentURL, "file-current", "NewClient without a home directory, with PULUMI_HOME", FromEnvironment())
	})
}

func TestFromEnvironment_MalformedFile(t *testing.T) {
	for what, file := range map[string]string{
		"text":                    canary,
		"truncated":               `{"current": "https://x", "accessTokens": {"https://x": "` + canary,
		"truncated after a value": `{"accessTokens": {"https://x": "` + canary + `"`,
		"an array":                `["` + canary + `"]`,
		"a string":                `"` + canary + `"`,
		"a token as a number":     `{"accessTokens": {"` + canary + `": 1}}`,
		"a token as an object":    `{"accessTokens": {"https://x": {"` + canary + `": "` + canary + `"}}}`,
		"tokens as text":          `{"accessTokens": "` + canary + `"}`,
		"an account as text":      `{"accounts": {"https://x": "` + canary + `"}}`,
		"current as an object":    `{"current": {"` + canary + `": 1}}`,
		"more after the end":      `{"current": "https://x"} ` + canary,
		"an odd escape":           `{"accessTokens": {"https://x": "\u00` + canary + `"}}`,
		"comments":                "// " + canary + "\n{}",
		"a redacted token":        `{"accessTokens": {"` + canary + `": "[redacted]"}}`,
		"NULs":                    strings.Repeat("\x00", 100) + canary,
		"a byte order mark":       "\ufeff" + `{"current": "` + canary + `"}`,
	} {
		t.Run(what, func(t *testing.T) {
			path := loggedIn(t, file)
			refused := requireNoClient(t, "NewClient with "+what, FromEnvironment())
			assert.Contains(t, refused.Error(), path, "it names the file")
			assertNoCanary(t, fmt.Sprintf("%v %+v %#v", refused, refused, refused), "the error with "+what)

			// It is needed for the address, unless that is known.
			t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
			refused = requireNoClient(t, "NewClient with PULUMI_ACCESS_TOKEN and "+what, FromEnvironment())
			assert.Contains(t, refused.Error(), path, "it names the file")
			requireClient(t, explicitURL, "from-variable", "NewClient with everything given and "+what, FromEnvironment(), WithBaseURL(explicitURL))
			t.Setenv("PULUMI_BACKEND_URL", backendURL)
			requireClient(t, backendURL, "from-variable", "NewClient with both variables and "+what, FromEnvironment())
		})
	}
}

func TestFromEnvironment_UnreadableFile(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	for what, prepare := range map[string]func(t *testing.T, path string){
		"a directory": func(t *testing.T, path string) { t.Helper(); require.NoError(t, os.MkdirAll(path, 0o700)) },
		"below a file": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Dir(path), []byte(canary), 0o600))
		},
		"a link to itself": func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.Symlink(path, path))
		},
		"without permissions": func(t *testing.T, path string) {
			t.Helper()
			writeCredentials(t, filepath.Dir(path), canary)
			require.NoError(t, os.Chmod(path, 0))
		},
	} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(cleanEnvironment(t), ".pulumi", "credentials.json")
			prepare(t, path)
			if _, err := os.ReadFile(path); err == nil && what == "without permissions" {
				t.Skip("this user may read everything")
			}
			refused := requireNoClient(t, "NewClient with a file that is "+what, FromEnvironment())
			assert.Contains(t, refused.Error(), path, "it names the file")
			assertNoCanary(t, refused.Error(), "the error")
			requireClient(t, explicitURL, "from-option", "NewClient with everything given", FromEnvironment(), WithBaseURL(explicitURL), WithToken("from-option"))
		})
	}
}

func TestFromEnvironment_EncryptedFile(t *testing.T) {
	for what, file := range map[string]string{
		"encrypted":                 `{"$pulumiSecureStore": 1, "ciphertext": "` + canary + `"}`,
		"encrypted, newer":          `{"version": 2, "$pulumiSecureStore": {"kind": "` + canary + `"}}`,
		"encrypted, current is not": `{"$pulumiSecureStore": 1, "current": "` + currentURL + `"}`,
	} {
		t.Run(what, func(t *testing.T) {
			path := loggedIn(t, file)
			for _, opts := range [][]Option{{FromEnvironment()}, {FromEnvironment(), WithBaseURL(explicitURL)}} {
				refused := requireNoClient(t, "NewClient with an encrypted file", opts...)
				assert.Contains(t, refused.Error(), path, "it names the file")
				assert.Contains(t, refused.Error(), "encrypted")
				assert.Contains(t, refused.Error(), "PULUMI_ACCESS_TOKEN", "it says what to do")
				assertNoCanary(t, refused.Error(), "the error")
			}
			address := defaultBaseURL
			if strings.Contains(file, currentURL) {
				address = currentURL
			}
			requireClient(t, address, "from-option", "NewClient with an encrypted file and WithToken", FromEnvironment(), WithToken("from-option"))
			t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
			requireClient(t, address, "from-variable", "NewClient with an encrypted file and PULUMI_ACCESS_TOKEN", FromEnvironment())
		})
	}
}

func TestFromEnvironment_OtherBackends(t *testing.T) {
	for _, address := range []string{
		"file://~", "file:///home/user/state", "s3://bucket/path?region=eu-west-1", "gs://bucket", "azblob://container", "postgres://user:" + canary + "@host/db",
		"S3://bucket",
	} {
		scheme, _, _ := strings.Cut(address, "://")
		for _, source := range []string{"PULUMI_BACKEND_URL", "current", "PULUMI_API"} {
			t.Run(source+"="+scheme, func(t *testing.T) {
				path := loggedIn(t, "")
				if source == "current" {
					writeCredentials(t, filepath.Dir(path), fmt.Sprintf(`{"current": %q, "accessTokens": {%q: "x", %q: "y"}}`, address, address, defaultBaseURL))
				} else {
					t.Setenv(source, address)
				}
				for _, token := range []string{"", "from-variable"} {
					t.Setenv("PULUMI_ACCESS_TOKEN", token)
					refused := requireNoClient(t, "NewClient with "+source+"="+scheme, FromEnvironment())
					assert.Contains(t, refused.Error(), scheme+"://", "it says what is there")
					assert.Contains(t, refused.Error(), "not in Pulumi Cloud", "it says what is wrong")
					if source == "current" {
						assert.Equal(t, path, refused.Name, "it says where that stands")
					} else {
						assert.Equal(t, source, refused.Name, "it says where that stands")
					}
					assertNoCanary(t, fmt.Sprintf("%+v", refused), "the error")
				}
				requireClient(t, explicitURL, "from-variable", "NewClient with WithBaseURL and "+source+"="+scheme, FromEnvironment(), WithBaseURL(explicitURL))
			})
		}
	}
}

func TestFromEnvironment_BadAddresses(t *testing.T) {
	for _, address := range []string{
		"api.pulumi.com", "https://", "https://user:" + canary + "@host", "https//user:" + canary + "@host", "user:" + canary + "@https://host",
		"https://host?token=" + canary, "https://host/%zz", "://x", "not an address", "https://host/../x",
	} {
		for _, source := range []string{"PULUMI_BACKEND_URL", "current", "PULUMI_API"} {
			t.Run(source, func(t *testing.T) {
				path := loggedIn(t, "")
				name := source
				if source == "current" {
					name = path
					writeCredentials(t, filepath.Dir(path), fmt.Sprintf(`{"current": %q}`, address))
				} else {
					t.Setenv(source, address)
				}
				refused := requireNoClient(t, "NewClient with "+source+"="+address, FromEnvironment(), WithToken("x"))
				assert.Equal(t, name, refused.Name, "NewClient with %s=%s", source, address)
				assertNoCanary(t, fmt.Sprintf("%+v", refused), "the error of NewClient with "+source+"="+address)
			})
		}
	}
}

func TestFromEnvironment_AddressesThatAreWrittenOddly(t *testing.T) {
	cleanEnvironment(t)
	t.Setenv("PULUMI_ACCESS_TOKEN", "from-variable")
	for address, want := range map[string]string{
		"HTTPS://api.example.com":        apiURL,
		"https://api.example.com/":       apiURL,
		"https://api.example.com///":     apiURL,
		"http://[::1]:8080/pulumi/":      "http://[::1]:8080/pulumi",
		"https://api.example.com/a%2Fb/": apiURL + "/a%2Fb",
	} {
		t.Setenv("PULUMI_BACKEND_URL", address)
		requireClient(t, want, "from-variable", "NewClient with PULUMI_BACKEND_URL="+address, FromEnvironment())
	}
}

func TestFromEnvironment_BadTokens(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	for _, bad := range []string{canary + "\n", " " + canary, canary + "\x00"[:0] + "\t", "ä" + canary} {
		loggedIn(t, fmt.Sprintf(`{"current": %q, "accessTokens": {%q: %q}}`, currentURL, currentURL, bad))
		refused := requireNoClient(t, fmt.Sprintf("NewClient with the token %q in the file", bad), FromEnvironment())
		assert.True(t, strings.HasSuffix(refused.Name, "credentials.json"), refused.Name)
		assertNoCanary(t, fmt.Sprintf("%+v", refused), "the error")

		t.Setenv("PULUMI_ACCESS_TOKEN", bad)
		refused = requireNoClient(t, fmt.Sprintf("NewClient with the token %q in PULUMI_ACCESS_TOKEN", bad), FromEnvironment())
		assert.Equal(t, "PULUMI_ACCESS_TOKEN", refused.Name)
		assertNoCanary(t, fmt.Sprintf("%+v", refused), "the error")

		// What is not used is not judged.
		requireClient(t, currentURL, "from-option", "NewClient with a good token and a bad one", FromEnvironment(), WithToken("from-option"))
	}
}

func TestFromEnvironment_WarnsOfAFileThatOthersMayUse(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	if runtime.GOOS == "windows" {
		t.Skip("who may use a file is not in its mode there")
	}
	file := fmt.Sprintf(`{"current": %q, "accessTokens": {%q: %q}}`, currentURL, currentURL, canary)
	for mode, warned := range map[fs.FileMode]bool{
		0o600: false, 0o400: false, 0o700: false, 0o711: false, 0o622: true, 0o620: true, 0o602: true,
		0o640: true, 0o604: true, 0o644: true, 0o666: true, 0o440: true,
	} {
		for content, good := range map[string]bool{file: true, "{" + canary: false} {
			called := fmt.Sprintf("NewClient with a file of mode %04o, usable %t", mode, good)
			path := loggedIn(t, content)
			require.NoError(t, os.Chmod(path, mode))
			var out bytes.Buffer
			logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
			_, err := NewClient(WithLogger(logger), FromEnvironment())
			require.Equal(t, good, err == nil, called)
			assertNoCanary(t, out.String(), called)
			if !warned {
				assert.Empty(t, out.String(), called)
				continue
			}
			var record map[string]any
			require.NoError(t, json.Unmarshal(out.Bytes(), &record), "%s wrote one record, not %q", called, &out)
			delete(record, "time")
			assert.Equal(t, map[string]any{
				"level": "WARN", "msg": "others may read or write the pulumi credentials file", "path": path, "mode": fmt.Sprintf("%04o", mode),
			}, record, called)

			// Who does not want to hear of it does not, nor if nothing is read.
			out.Reset()
			_, err = NewClient(FromEnvironment())
			require.Equal(t, good, err == nil, called)
			requireClient(t, explicitURL, "from-option", called, WithLogger(logger), FromEnvironment(), WithBaseURL(explicitURL), WithToken("from-option"))
			requireClient(t, explicitURL, "from-option", called, WithLogger(logger), WithBaseURL(explicitURL), WithToken("from-option"))
			assert.Empty(t, out.String(), called)
		}
	}
}

func TestFromEnvironment_ReadsShortRegularFilesOnly(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	login := fmt.Sprintf(`{"current": %q, "accessTokens": {%q: %q}}`, currentURL, currentURL, canary)
	path := loggedIn(t, login+strings.Repeat(" ", 1<<20-len(login)))
	_, err := NewClient(FromEnvironment())
	require.NoError(t, err, "a file of 1 MiB")
	require.NoError(t, os.WriteFile(path, []byte(login+strings.Repeat(" ", 1<<20-len(login)+1)), 0o600))
	requireUnreadable := func(want string) {
		t.Helper()
		_, err := NewClient(FromEnvironment())
		var refused *ArgumentError
		require.ErrorAs(t, err, &refused)
		require.ErrorContains(t, err, "can't read the credentials file: read "+path+": "+want)
	}
	requireUnreadable("is longer than 1048576 bytes")
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o700))
	requireUnreadable("is not a regular file")
	if runtime.GOOS == "windows" {
		return // there is nothing else there
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink(os.DevNull, path))
	requireUnreadable("is not a regular file")
	if mkfifo, err := exec.LookPath("mkfifo"); err == nil { // to open one would take for ever
		require.NoError(t, os.Remove(path))
		require.NoError(t, exec.CommandContext(t.Context(), mkfifo, path).Run())
		requireUnreadable("is not a regular file")
	}
	regular := filepath.Join(t.TempDir(), "elsewhere.json")
	require.NoError(t, os.WriteFile(regular, []byte(login), 0o600))
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink(regular, path))
	_, err = NewClient(FromEnvironment())
	require.NoError(t, err, "a link to a regular file")
}

// NewClient writes nothing, and leaves the user's file as it is.
func TestFromEnvironment_LeavesTheFileAlone(t *testing.T) { //nolint:paralleltest // the environment is everybody's
	path := loggedIn(t, allAddresses(currentURL))
	require.NoError(t, os.Chmod(path, 0o400))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	requireClient(t, currentURL, "file-current", "NewClient", FromEnvironment())
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	stat, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o400), stat.Mode().Perm())
}

// Whatever is in the credentials file, it is read or refused, and what the
// error shows of it is an address at most.
func FuzzCredentialsFile(f *testing.F) {
	for _, file := range []string{
		"", " ", "{}", "null", "[]", `"text"`, "\xff", "\ufeff{}", `{"current":`, canary,
		`{"current":"https://a.example.com/","accessTokens":{"https://a.example.com":"pul-0123456789"},"accounts":{}}`,
		`{"current":"https://a.example.com","accounts":{"https://a.example.com/":{"accessToken":"pul-0123456789","refreshToken":"ref-0123456789"}}}`,
		`{"current":"https://a.example.com","accounts":{"https://a.example.com":{"refreshToken":"ref-0123456789","tokenInformation":{"expiresAt":1}}}}`,
		`{"$pulumiSecureStore":1,"data":"abc"}`, `{"current":"s3://bucket?x=y"}`, `{"current":"https://user:password@host"}`, `{"current":"user:password@host"}`,
		`{"current":"a","current":"b","accessTokens":{"a":"[redacted]"}}`, `{"current":"https://h","accessTokens":{"https://h":"with space"}}`,
		`{"accessTokens":{"https://api.pulumi.com":"pul-0123456789"}}`, `{"current":"HTTPS://h/%2F","accessTokens":{"HTTPS://h/%2F":"t"}}`, `{"current":"://"}`,
	} {
		f.Add([]byte(file), false)
		f.Add([]byte(file), true)
	}
	for _, name := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_API", "PULUMI_CREDENTIALS_PATH"} {
		f.Setenv(name, "")
	}
	folder := f.TempDir()
	f.Setenv("PULUMI_HOME", folder)
	path := filepath.Join(folder, "credentials.json")

	f.Fuzz(func(t *testing.T, data []byte, withToken bool) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		opts := []Option{FromEnvironment()}
		if withToken {
			opts = append(opts, WithToken("explicit"))
		}
		client, err := NewClient(opts...)
		var file struct {
			Current string `json:"current"`
		}
		_ = jsonx.Decode(data, &file) // what can't be read has no address
		if err == nil {
			require.True(t, firstToken(client) != "" || client.tokens != nil, "the client has a token, or can get one")
			require.Empty(t, client.base.User)
			return
		}
		refused, ok := errors.AsType[*ArgumentError](err)
		require.True(t, ok, "%T %v", err, err)
		// Everything that can be said, but for the address.
		address := file.Current
		if address == "" {
			address = defaultBaseURL
		}
		assert.Contains(t, []string{
			"is not a credentials file: delete it, and log in again",
			"is encrypted for the Pulumi CLI: set PULUMI_ACCESS_TOKEN instead, and PULUMI_BACKEND_URL unless you log in to Pulumi's own service",
			"the token holds a space, a line break or another character that no token has",
			"no access token for " + address + ": set PULUMI_ACCESS_TOKEN, or run `pulumi login`",
			"state is kept there and not in Pulumi Cloud: log in to Pulumi Cloud, or set WithBaseURL or PULUMI_BACKEND_URL",
			"is not a URL", "must not hold a user or a password", "must begin with https:// or http://", "has no host", "must not have a query",
			"must not have a fragment", `must not have "." or ".." in its path`,
		}, refused.Reason)
		assert.Contains(t, []string{path, "FromEnvironment"}, refused.Name)
		scheme, _, _ := strings.Cut(file.Current, "://")
		if refused.Value != scheme+"://" {
			assert.Contains(t, []string{"", cut(file.Current)}, refused.Value)
			assert.NotContains(t, refused.Value, "@")
		}
	})
}
