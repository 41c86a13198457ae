package pulumiapi

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi/internal/jsonx"
)

// FromEnvironment takes the credentials that a user's machine or a CI job
// already has, as the Pulumi CLI does:
//
//   - the service's address from PULUMI_BACKEND_URL, else from where
//     `pulumi login` logged in last, else from PULUMI_API, else
//     https://api.pulumi.com;
//   - the access token from PULUMI_ACCESS_TOKEN, else from what `pulumi login`
//     stored for that very address, in credentials.json below
//     PULUMI_CREDENTIALS_PATH, PULUMI_HOME or ~/.pulumi.
//
// If `pulumi login` stored a refresh token, the client renews the access token with
// it. The file is never written to. If the service replaces the refresh token when
// it is used, the new one is kept in memory only: the one in the file may no longer
// be valid when the program ends, and then other programs, and the Pulumi CLI, have
// to log in again. The same may happen if the response to a renewal is lost; a
// renewal is never retried if it may have been carried out. A program that runs
// beside the CLI should have a token of its own, in PULUMI_ACCESS_TOKEN. If users other than its owner may
// read the file, as its mode on Unix says, NewClient writes a record at level
// Warn to the logger of [WithLogger].
//
// [WithBaseURL], [WithToken] and [WithTokenSource] go before all of these. If the address is that
// of a state backend which is no Pulumi Cloud (file://, s3:// and the like), or
// if there is no token for it, NewClient fails with an error that says so.
func FromEnvironment() Option {
	return func(c *config) error {
		c.fromEnvironment = true
		return nil
	}
}

// readEnvironment fills in what the other options have left open.
func (c *config) readEnvironment() error {
	variable := os.Getenv("PULUMI_ACCESS_TOKEN")
	tokenKnown := !c.token.IsZero() || c.tokenSource != nil
	stored, err := c.readAddress(tokenKnown || variable != "")
	switch {
	case err != nil || tokenKnown:
		return err
	case variable != "":
		c.token, err = checkToken("PULUMI_ACCESS_TOKEN", variable)
		return err
	}
	login, err := stored.loginAt(c.baseURL)
	if err != nil {
		return err
	}
	if login.refreshToken.IsZero() {
		c.token = login.token.secret
	} else {
		c.storedLogin = login
	}
	return nil
}

// readAddress fills in the service's address, and returns what is stored if that
// was read. tokenKnown says that no token is wanted from it.
func (c *config) readAddress(tokenKnown bool) (stored storedCredentials, err error) {
	addressKnown := c.baseURL != "" || os.Getenv("PULUMI_BACKEND_URL") != ""
	if !addressKnown || !tokenKnown {
		stored, err = readStoredCredentials(tokenKnown)
		c.warnIfExposed(stored)
		if err != nil {
			return stored, err
		}
	}
	if c.baseURL == "" {
		source, address := chooseAddress(stored)
		if err := checkBackend(source, address); err != nil {
			return stored, err
		}
		c.baseURL = address
	}
	return stored, nil
}

// warnIfExposed tells the logger of a credentials file that others may use.
func (c *config) warnIfExposed(stored storedCredentials) {
	if c.logger == nil || stored.exposed == 0 {
		return
	}
	c.logger.Warn("others may read or write the pulumi credentials file",
		slog.String("path", stored.path), slog.String("mode", fmt.Sprintf("%04o", uint32(stored.exposed))))
}

// chooseAddress returns the service's address, and where it comes from.
func chooseAddress(stored storedCredentials) (source, address string) {
	if address := os.Getenv("PULUMI_BACKEND_URL"); address != "" {
		return "PULUMI_BACKEND_URL", address
	}
	if stored.Current != "" {
		return stored.path, stored.Current
	}
	if address := os.Getenv("PULUMI_API"); address != "" {
		return "PULUMI_API", address
	}
	return "", defaultBaseURL
}

func checkBackend(source, address string) error {
	scheme, _, found := strings.Cut(address, "://")
	isScheme := found && !strings.ContainsAny(scheme, ":@/?#")
	if isScheme && !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return newArgumentError(source, scheme+"://",
			"state is kept there and not in Pulumi Cloud: log in to Pulumi Cloud, or set WithBaseURL or PULUMI_BACKEND_URL")
	}
	_, err := parseBaseURL(source, address)
	return err
}

// storedCredentials is what `pulumi login` leaves behind.
type storedCredentials struct {
	path string
	// exposed is the mode of a file that others may read or write; 0 for any other.
	exposed fs.FileMode

	Current      string                   `json:"current"`
	AccessTokens map[string]Secret        `json:"accessTokens"`
	Accounts     map[string]storedAccount `json:"accounts"`
	// SecureStore stands in a file that is encrypted, and in no other.
	SecureStore any `json:"$pulumiSecureStore"`
}

type storedAccount struct {
	AccessToken      Secret `json:"accessToken"`
	RefreshToken     Secret `json:"refreshToken"`
	TokenInformation struct {
		ExpiresAt lenientTime `json:"expiresAt"`
	} `json:"tokenInformation"`
}

// lenientTime is a Timestamp that is zero where none can be read: only the CLI
// knows what it writes there.
type lenientTime struct{ Timestamp }

// UnmarshalJSON never fails.
func (t *lenientTime) UnmarshalJSON(data []byte) error {
	if err := t.Timestamp.UnmarshalJSON(data); err != nil {
		t.Timestamp = Timestamp{}
	}
	return nil
}

// readStoredCredentials reads the CLI's file. Without one, nobody is logged in.
// tokenKnown says that only the address is wanted from it.
func readStoredCredentials(tokenKnown bool) (storedCredentials, error) {
	path, err := credentialsPath()
	if err != nil {
		// There is no home directory, so there can be no file in it.
		return storedCredentials{}, nil //nolint:nilerr // see above
	}
	stored := storedCredentials{path: path}
	data, mode, err := readFile(path)
	if mode.Perm()&othersMayUse != 0 && runtime.GOOS != "windows" {
		stored.exposed = mode.Perm()
	}
	if errors.Is(err, fs.ErrNotExist) || (err == nil && strings.TrimSpace(string(data)) == "") {
		return stored, nil
	}
	if err != nil {
		return stored, &ArgumentError{Name: "FromEnvironment", Reason: fmt.Sprintf("can't read the credentials file: %v", err)}
	}
	if err := jsonx.Decode(data, &stored); err != nil {
		// The decoder's error may quote the file.
		return stored, &ArgumentError{Name: path, Reason: "is not a credentials file: delete it, and log in again"}
	}
	if stored.SecureStore != nil && !tokenKnown {
		return stored, &ArgumentError{Name: path, Reason: "is encrypted for the Pulumi CLI: set PULUMI_ACCESS_TOKEN instead, and PULUMI_BACKEND_URL unless you log in to Pulumi's own service"}
	}
	return stored, nil
}

// othersMayUse are the bits of a file's mode that let the group or everybody read
// it, or write to it. On Windows, they say nothing of that.
const othersMayUse fs.FileMode = 0o066

// maxCredentials is how long a credentials file may be.
const maxCredentials = 1 << 20

// readFile returns what a regular file holds, and its mode: that of the very file that
// was read, whatever is put in its place.
func readFile(path string) (data []byte, mode fs.FileMode, err error) {
	// To open a pipe is to wait for one who writes to it.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	file, err := os.Open(path) //nolint:gosec // it is the user's own environment that names the file
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	if !info.Mode().IsRegular() {
		return nil, 0, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	data, err = io.ReadAll(io.LimitReader(file, maxCredentials+1))
	if err == nil && len(data) > maxCredentials {
		err = &fs.PathError{Op: "read", Path: path, Err: errTooLong}
	}
	return data, info.Mode(), err
}

var (
	errNotRegular = errors.New("is not a regular file")
	errTooLong    = fmt.Errorf("is longer than %d bytes", maxCredentials)
)

// gitHubActionsRequest returns where a job of GitHub Actions asks for its identity
// token, and with which token of the runner.
func gitHubActionsRequest() (address string, bearer Secret) {
	return os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), NewSecret(os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
}

// credentialsPath returns where the CLI keeps its credentials.
func credentialsPath() (string, error) {
	const name = "credentials.json"
	for _, variable := range []string{"PULUMI_CREDENTIALS_PATH", "PULUMI_HOME"} {
		if folder := os.Getenv(variable); folder != "" {
			return filepath.Join(folder, name), nil
		}
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".pulumi", name), nil
}

// loginAt returns what is filed under exactly this address. A token of another
// address is nobody's to send there.
func (s storedCredentials) loginAt(address string) (*storedLogin, error) {
	account, _ := lookupAddress(s.Accounts, address)
	token, expires := account.AccessToken, account.TokenInformation.ExpiresAt.Time
	if token.IsZero() && account.RefreshToken.IsZero() {
		token, _ = lookupAddress(s.AccessTokens, address)
		expires = time.Time{}
	}
	if token.IsZero() && account.RefreshToken.IsZero() {
		return nil, &ArgumentError{
			Name:   "FromEnvironment",
			Reason: "no access token for " + address + ": set PULUMI_ACCESS_TOKEN, or run `pulumi login`",
		}
	}
	if !token.IsZero() {
		if _, err := checkToken(s.path, token.Reveal()); err != nil {
			return nil, err
		}
	}
	return &storedLogin{token: newCachedToken(token, expires, time.Now()), refreshToken: account.RefreshToken}, nil
}

// lookupAddress finds an address, with or without a slash at its end.
func lookupAddress[V any](values map[string]V, address string) (value V, found bool) {
	want := strings.TrimSuffix(address, "/")
	for _, key := range []string{want, want + "/"} {
		if value, found = values[key]; found {
			return value, true
		}
	}
	return value, false
}
