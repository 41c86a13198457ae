package pulumiapitest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

const (
	insightsPath = "/api/preview/insights/acme"
	cfnPath      = insightsPath + "/discovered-stacks/old/cfn"
	tfPath       = insightsPath + "/stacks/old/tf/migration"
)

// newDiscoveredServer returns a server with a stack of CloudFormation and one of
// Terraform, of the same resources, and web/prod, which has the first of them.
func newDiscoveredServer(t *testing.T) *pulumiapitest.Server {
	t.Helper()
	srv := newStackServer(t)
	require.Equal(t, http.StatusOK, do(t, srv, http.MethodPost, prodPath+"/import",
		`{"version":3,"deployment":{"resources":[{"urn":"urn:a","type":"t","id":"1"},{"urn":"urn:z","type":"t","id":"9"}]}}`).status)
	stack := pulumiapitest.DiscoveredStack{
		Project: "old", Name: "cfn", Provider: "aws-cloudformation", Scanned: time.Unix(1760000000, 0), Tags: map[string]string{"owner": "ada"},
		Resources: []pulumiapitest.DiscoveredResource{
			{URN: "urn:1", ID: "1", Type: "t", OriginType: "AWS::T"},
			{URN: "urn:2", ID: "2", Type: "t", State: map[string]json.RawMessage{"n": json.RawMessage("1.0")}},
			{URN: "urn:3", ID: "3", Type: "t"},
			{URN: "urn:4", ID: "4", OriginType: "AWS::Other"},
		},
	}
	require.NoError(t, srv.AddDiscoveredStack("acme", stack))
	stack.Name, stack.Terraform = "tf", true
	require.NoError(t, srv.AddDiscoveredStack("acme", stack))
	return srv
}

type migrationOf struct {
	CloudProviderID, OriginType, ProviderType, MigrationStatus string
	Annotation                                                 *struct{ Note, StatusOverride, LinkedResourceURN string }
	Resource                                                   struct{ URN, ID, Type string }
	VirtualState                                               map[string]json.RawMessage
}

// migrationStatuses returns how far the resources of a list are migrated.
func migrationStatuses(t *testing.T, srv *pulumiapitest.Server, path string) []string {
	t.Helper()
	var all []string
	for _, r := range getJSON[struct{ Resources []migrationOf }](t, srv, path).Resources {
		all = append(all, r.Resource.URN+" "+r.MigrationStatus)
	}
	return all
}

func TestServer_ListDiscoveredStacks(t *testing.T) {
	t.Parallel()
	srv := newDiscoveredServer(t)
	for i := range 3 {
		require.NoError(t, srv.AddDiscoveredStack("acme", pulumiapitest.DiscoveredStack{Project: "old", Name: fmt.Sprint(i)}))
	}
	require.NoError(t, srv.AddDiscoveredStack("acme", pulumiapitest.DiscoveredStack{Project: "other", Name: "cfn"}))
	srv.SetPageSize(3)
	type stacks struct {
		Project struct {
			Name, OrgName string
			Stacks        []struct {
				ID, Name, Provider          string
				ResourceCount, LastScanTime int
				Tags                        map[string]string
			}
		}
		ContinuationToken string
	}
	const path = insightsPath + "/discovered-stacks/old"
	first := getJSON[stacks](t, srv, path)
	assert.Equal(t, "acme/old", first.Project.OrgName+"/"+first.Project.Name)
	require.Len(t, first.Project.Stacks, 3)
	cfn := first.Project.Stacks[0]
	assert.NotEmpty(t, cfn.ID)
	assert.Equal(t, "cfn aws-cloudformation 4 1760000000 ada",
		fmt.Sprint(cfn.Name, " ", cfn.Provider, " ", cfn.ResourceCount, " ", cfn.LastScanTime, " ", cfn.Tags["owner"]))
	second := getJSON[stacks](t, srv, path+"?continuationToken="+escape(first.ContinuationToken))
	require.Len(t, second.Project.Stacks, 1, "the one of Terraform is none")
	assert.Equal(t, "2", second.Project.Stacks[0].Name)
	assert.Empty(t, second.ContinuationToken)
	requireError(t, srv, http.StatusNotFound, "No discovered stacks", http.MethodGet, insightsPath+"/discovered-stacks/none", "")
	requireError(t, srv, http.StatusNotFound, "Organization", http.MethodGet, "/api/preview/insights/none/discovered-stacks/old", "")
}

func TestServer_GetDiscoveredStack(t *testing.T) {
	t.Parallel()
	srv := newDiscoveredServer(t)
	found := getJSON[map[string]any](t, srv, cfnPath)
	assert.NotEmpty(t, found["id"])
	delete(found, "id")
	assert.Equal(t, map[string]any{
		"orgName": "acme", "projectName": "old", "stackName": "cfn", "provider": "aws-cloudformation", "resourceCount": 4.0,
		"lastScanTime": 1760000000.0, "tags": map[string]any{"owner": "ada"},
	}, found)
	requireError(t, srv, http.StatusNotFound, "Discovered stack", http.MethodGet, insightsPath+"/discovered-stacks/old/tf", "")
	requireError(t, srv, http.StatusNotFound, "Discovered stack", http.MethodGet, insightsPath+"/discovered-stacks/old/none", "")
}

func TestServer_Migration_OfBothKindsOfStacks(t *testing.T) {
	t.Parallel()
	srv := newDiscoveredServer(t)
	for _, path := range []string{cfnPath + "/resources", tfPath} {
		resources := getJSON[struct{ Resources []migrationOf }](t, srv, path).Resources
		require.Len(t, resources, 4, path)
		assert.Equal(t, "1 AWS::T t", resources[0].CloudProviderID+" "+resources[0].OriginType+" "+resources[0].ProviderType)
		assert.JSONEq(t, "1.0", string(resources[1].VirtualState["n"]))
		assert.Equal(t, []string{"urn:1 NotFound", "urn:2 Ready", "urn:3 NotFound", "urn:4 NoMatch"}, migrationStatuses(t, srv, path), path)
		assert.Equal(t, []string{"urn:1 Migrated", "urn:2 Ready", "urn:3 NotFound", "urn:4 NoMatch", "urn:z PulumiOnly"},
			migrationStatuses(t, srv, path+"?compareTo=web/prod"), path)
		requireError(t, srv, http.StatusBadRequest, "compareTo", http.MethodGet, path+"?compareTo=web", "")
		requireError(t, srv, http.StatusNotFound, "Comparison stack", http.MethodGet, path+"?compareTo=web/none", "")
	}
	require.NoError(t, srv.AddStack(pulumiapitest.Stack{Org: "acme", Project: "web", Name: "empty"}))
	assert.Len(t, migrationStatuses(t, srv, tfPath+"?compareTo=web/empty"), 4)
	srv.SetPageSize(3)
	page := getJSON[struct{ ContinuationToken string }](t, srv, tfPath)
	assert.Equal(t, []string{"urn:4 NoMatch"}, migrationStatuses(t, srv, tfPath+"?continuationToken="+escape(page.ContinuationToken)))
	requireError(t, srv, http.StatusNotFound, "Discovered stack", http.MethodGet, insightsPath+"/stacks/old/cfn/migration", "")
	requireError(t, srv, http.StatusNotFound, "Discovered stack", http.MethodGet, insightsPath+"/discovered-stacks/old/tf/resources", "")
}

func TestServer_MigrationAnnotations(t *testing.T) {
	t.Parallel()
	srv := newDiscoveredServer(t)
	const path = cfnPath + "/migration"
	noted := func() *migrationOf {
		return &getJSON[struct{ Resources []migrationOf }](t, srv, cfnPath+"/resources").Resources[3]
	}
	assert.Nil(t, noted().Annotation)
	requireNoContent(t, srv, http.MethodPut, path, `{"resourceUrn":"urn:4","note":"later"}`)
	assert.Equal(t, "later NoMatch", noted().Annotation.Note+" "+noted().MigrationStatus)
	requireNoContent(t, srv, http.MethodPut, path, `{"resourceUrn":"urn:4","statusOverride":"Migrated","linkedResourceUrn":"urn:1"}`)
	assert.Equal(t, " Migrated urn:1", noted().Annotation.Note+" "+noted().Annotation.StatusOverride+" "+noted().Annotation.LinkedResourceURN)
	assert.Equal(t, "Migrated", noted().MigrationStatus)

	for body, message := range map[string]string{
		`{"resourceUrn":"urn:4"}`:                                        "must not be empty",
		`{"resourceUrn":"urn:4","note":"","statusOverride":""}`:          "must not be empty",
		`{"resourceUrn":"urn:4","statusOverride":"Ready"}`:               "must be Migrated",
		`{"resourceUrn":"urn:none","note":"n"}`:                          "no resource 'urn:none'",
		`{"resourceUrn":"urn:4","note":"n","linkedResourceURN":"urn:1"}`: "does not know",
	} {
		requireError(t, srv, http.StatusBadRequest, message, http.MethodPut, path, body)
	}
	assert.Equal(t, "Migrated", noted().MigrationStatus, "what is refused changes nothing")
	requireNoContent(t, srv, http.MethodDelete, path+"?resourceUrn=urn:4", "")
	assert.Nil(t, noted().Annotation)
	assert.Equal(t, "NoMatch", noted().MigrationStatus)
	requireError(t, srv, http.StatusNotFound, "Annotation", http.MethodDelete, path+"?resourceUrn=urn:4", "")
	const none = insightsPath + "/discovered-stacks/old/none/migration"
	requireError(t, srv, http.StatusNotFound, "Discovered stack", http.MethodPut, none, `{"resourceUrn":"urn:4","note":"n"}`)
	requireError(t, srv, http.StatusNotFound, "Discovered stack", http.MethodDelete, none+"?resourceUrn=urn:4", "")
}

func TestServer_AddDiscoveredStack(t *testing.T) {
	t.Parallel()
	srv := newServer(t)
	stack := pulumiapitest.DiscoveredStack{Project: "old", Name: "cfn", Resources: []pulumiapitest.DiscoveredResource{{URN: "urn:1"}}}
	require.NoError(t, srv.AddDiscoveredStack("acme", stack))
	require.ErrorContains(t, srv.AddDiscoveredStack("acme", stack), "exists")
	stack.Resources[0].URN = "urn:changed"
	assert.Equal(t, []string{"urn:1 NoMatch"}, migrationStatuses(t, srv, cfnPath+"/resources"), "the server has its own copy")
	require.NoError(t, srv.AddDiscoveredStack("new", stack))
	require.ErrorContains(t, srv.AddDiscoveredStack("acme", pulumiapitest.DiscoveredStack{Name: "cfn"}), "discovered stack name")
	require.ErrorContains(t, srv.AddDiscoveredStack("acme", pulumiapitest.DiscoveredStack{Project: "old", Name: ".."}), "discovered stack name")
	require.ErrorContains(t, srv.AddDiscoveredStack("", stack), "organization name")
}
