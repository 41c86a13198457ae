package testkit

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

// ExchangeOptions are those of a client of the cloud without credentials.
func ExchangeOptions(srv *pulumiapitest.Server) []pulumiapi.Option {
	return []pulumiapi.Option{pulumiapi.WithBaseURL(pulumiapitest.BaseURL), pulumiapi.WithHTTPClient(srv.HTTPClient())}
}

// Login writes what `pulumi login` would.
func Login(t *testing.T, account string) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"PULUMI_ACCESS_TOKEN", "PULUMI_BACKEND_URL", "PULUMI_API", "PULUMI_CREDENTIALS_PATH"} {
		t.Setenv(name, "")
	}
	t.Setenv("PULUMI_HOME", folder)
	file := fmt.Sprintf(`{"current": %q, "accounts": {%q: %s}}`, pulumiapitest.BaseURL, pulumiapitest.BaseURL, account)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "credentials.json"), []byte(file), 0o600))
	t.Cleanup(func() {
		after, err := os.ReadFile(filepath.Join(folder, "credentials.json"))
		require.NoError(t, err)
		assert.Equal(t, file, string(after), "the file is never written to")
	})
}

// CloudClient returns a client of a cloud, with options.
func CloudClient(t *testing.T, srv *pulumiapitest.Server, opts ...pulumiapi.Option) *pulumiapi.Client {
	t.Helper()
	client, err := pulumiapi.NewClient(append(srv.Options(), opts...)...)
	require.NoError(t, err)
	return client
}

// NewCloud returns a cloud and a client of it, with stacks acme/web/stack-00
// and so on.
func NewCloud(t *testing.T, stacks int) (*pulumiapitest.Server, *pulumiapi.Client) {
	t.Helper()
	srv := pulumiapitest.NewServer(pulumiapitest.Strict())
	t.Cleanup(srv.Close)
	require.NoError(t, srv.AddOrganization("acme"))
	for i := range stacks {
		require.NoError(t, srv.AddStack(pulumiapitest.Stack{
			Org: "acme", Project: "web", Name: fmt.Sprintf("stack-%02d", i), ResourceCount: i,
		}))
	}
	client := srv.Client()
	return srv, client
}

// Webshop is a stack of the demo cloud.
var Webshop = pulumiapi.StackIdentifier{Org: pulumiapitest.DemoOrganization, Project: "webshop", Stack: "prod"}

// GetWebshop gets it.
func GetWebshop(ctx context.Context, client *pulumiapi.Client) error {
	_, err := client.Stacks.Get(ctx, Webshop)
	return err
}

// CloudWithStack is a cloud with the stack acme/web/prod.
func CloudWithStack(t *testing.T) (*pulumiapitest.Server, *pulumiapi.Client) {
	t.Helper()
	srv, client := NewCloud(t, 0)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "prod"}))
	return srv, client
}
