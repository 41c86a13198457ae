package pulumiapi

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

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
// [WithBaseURL] and [WithToken] go before all of these. If the address is that
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
	token := os.Getenv("PULUMI_ACCESS_TOKEN")
	addressKnown := c.baseURL != "" || os.Getenv("PULUMI_BACKEND_URL") != ""
	tokenKnown := !c.token.IsZero() || token != ""
	var stored storedCredentials
	if !addressKnown || !tokenKnown {
		var err error
		if stored, err = readStoredCredentials(tokenKnown); err != nil {
			return err
		}
	}
	if c.baseURL == "" {
		source, address := chooseAddress(stored)
		if err := checkBackend(source, address); err != nil {
			return err
		}
		c.baseURL = address
	}
	if !c.token.IsZero() {
		return nil
	}
	if token != "" {
		secret, err := checkToken("PULUMI_ACCESS_TOKEN", token)
		c.token = secret
		return err
	}
	secret, err := stored.tokenFor(c.baseURL)
	c.token = secret
	return err
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

	Current      string                   `json:"current"`
	AccessTokens map[string]Secret        `json:"accessTokens"`
	Accounts     map[string]storedAccount `json:"accounts"`
	// SecureStore stands in a file that is encrypted, and in no other.
	SecureStore any `json:"$pulumiSecureStore"`
}

type storedAccount struct {
	AccessToken  Secret `json:"accessToken"`
	RefreshToken Secret `json:"refreshToken"`
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
	data, err := os.ReadFile(path) //nolint:gosec // it is the user's own environment that names the file
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

// tokenFor returns the token that is filed under exactly this address. A token
// of another address is nobody's to send there.
func (s storedCredentials) tokenFor(address string) (Secret, error) {
	account, found := lookupAddress(s.Accounts, address)
	token := account.AccessToken
	if token.IsZero() {
		token, _ = lookupAddress(s.AccessTokens, address)
	}
	if !token.IsZero() {
		return checkToken(s.path, token.Reveal())
	}
	reason := "no access token for " + address + ": set PULUMI_ACCESS_TOKEN, or run `pulumi login`"
	if found && !account.RefreshToken.IsZero() {
		reason = "the login at " + address + " has to be renewed: set PULUMI_ACCESS_TOKEN, or run `pulumi login`"
	}
	return Secret{}, &ArgumentError{Name: "FromEnvironment", Reason: reason}
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
