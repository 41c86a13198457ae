package pulumiapitest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type resourceList struct {
	Resources []struct {
		Resource struct {
			URN, Type string
			Inputs    map[string]any
		}
	}
	Version int
}

func (l resourceList) urns() []string {
	urns := []string{}
	for _, info := range l.Resources {
		urns = append(urns, info.Resource.URN)
	}
	return urns
}

func setResources(t *testing.T, srv *pulumiapitest.Server, stack, resources string) {
	t.Helper()
	require.NoError(t, srv.SetState("acme", "web", stack, []byte(`{"resources":[`+resources+`]}`), 3))
}

func TestServer_Resources_OfEachVersion(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	for i, urn := range []string{"urn:a/b", "urn:c"} {
		setResources(t, srv, "prod", fmt.Sprintf(`{"urn":"urn:0","type":"t"},{"urn":%q,"type":"t","inputs":{"i":%d}}`, urn, i))
		_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"urn:0", "urn:c"}, getJSON[resourceList](t, srv, prodPath+"/resources/latest").urns())
	for version, urn := range map[int]string{1: "urn:a/b", 2: "urn:c"} {
		list := getJSON[resourceList](t, srv, fmt.Sprintf("%s/resources/%d", prodPath, version))
		assert.Equal(t, []string{"urn:0", urn}, list.urns())
		assert.Equal(t, version, list.Version)
		one := getJSON[struct {
			Resource struct {
				Resource struct{ Inputs map[string]any }
			}
		}](t, srv, fmt.Sprintf("%s/resources/%d/%s", prodPath, version, url.PathEscape(urn)))
		assert.InDelta(t, version-1, one.Resource.Resource.Inputs["i"], 0)
		a := do(t, srv, http.MethodGet, fmt.Sprintf("%s/export/%d", prodPath, version), "")
		assert.Contains(t, a.body, urn)
	}
	assert.JSONEq(t, `{"resourceCount":2,"version":2}`, do(t, srv, http.MethodGet, prodPath+"/resources/count", "").body)
	for path, message := range map[string]string{
		"/resources/3": "Version 3", "/resources/0": "Version 0", "/export/9": "Version 9", "/resources/latest/urn:z": "Resource 'urn:z'", "/resources/1/urn:c": "Resource 'urn:c'",
	} {
		requireError(t, srv, http.StatusNotFound, message, http.MethodGet, prodPath+path, "")
	}
	requireError(t, srv, http.StatusBadRequest, "invalid 'version'", http.MethodGet, prodPath+"/resources/first", "")
}

func TestServer_Resources_OfAStackWithoutState(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	assert.JSONEq(t, `{"region":"","resources":[],"version":0}`, do(t, srv, http.MethodGet, prodPath+"/resources/latest", "").body)
	_, err := srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	_, err = srv.AddUpdate("acme", "web", "prod", pulumiapitest.Update{})
	require.NoError(t, err)
	assert.Empty(t, getJSON[resourceList](t, srv, prodPath+"/resources/1").Resources)
}

func TestServer_References(t *testing.T) {
	t.Parallel()
	srv := newStackServer(t)
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "base", Version: 4}))
	setResources(t, srv, "prod", `{"urn":"u","type":"pulumi:pulumi:StackReference","inputs":{"name":"acme/web/base"}},
		{"urn":"v","type":"pulumi:pulumi:StackReference","inputs":{"name":"gone/web/x"}},
		{"urn":"w","type":"pulumi:pulumi:StackReference","inputs":{"name":7}},{"urn":"x","type":"t","inputs":{"name":"acme/web/prod"}}`)
	const upstream = `[{"name":"base","organization":"acme","routingProject":"web","version":4},
		{"name":"x","organization":"gone","routingProject":"web","version":0}]`
	assert.JSONEq(t, `{"referencedStacks":`+upstream+`}`, do(t, srv, http.MethodGet, prodPath+"/upstreamreferences", "").body)
	assert.JSONEq(t, `{"referencedStacks":[{"name":"prod","organization":"acme","routingProject":"web","version":0}]}`,
		do(t, srv, http.MethodGet, "/api/stacks/acme/web/base/downstreamreferences", "").body)
	assert.JSONEq(t, `{"referencedStacks":[]}`, do(t, srv, http.MethodGet, prodPath+"/downstreamreferences", "").body)
	overview := getJSON[struct {
		Resources        resourceList
		Tags             map[string]string
		ReferencedStacks []any
	}](t, srv, "/api/console/stacks/acme/web/prod/overview")
	assert.Len(t, overview.Resources.Resources, 4)
	assert.Len(t, overview.ReferencedStacks, 2)
	assert.Equal(t, "web", overview.Tags["pulumi:project"])
}

func TestDemo_StacksReadTheNetworks(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	list := getJSON[struct{ ReferencedStacks []any }](t, srv, "/api/stacks/acme-corp/network/dev/downstreamreferences")
	assert.NotEmpty(t, list.ReferencedStacks)
}
