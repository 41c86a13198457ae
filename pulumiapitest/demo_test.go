package pulumiapitest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		type summary struct {
			OrgName, ProjectName, StackName string
			LastUpdate                      int64
			ResourceCount                   int
		}
		list := getJSON[struct{ Stacks []summary }](t, srv, "/api/user/stacks?maxResults=100")
		projects, names := map[string]bool{}, map[string]bool{}
		var never, empty, unowned, running int
		for _, st := range list.Stacks {
			assert.Equal(t, pulumiapitest.DemoOrganization, st.OrgName)
			projects[st.ProjectName] = true
			names[st.ProjectName+"/"+st.StackName] = true
			if st.LastUpdate == 0 {
				never++
			} else {
				assert.Less(t, st.LastUpdate, time.Now().Unix())
			}
			if st.ResourceCount == 0 {
				empty++
			}
			stack := getJSON[struct {
				Tags             map[string]string
				CurrentOperation *struct{ Kind, Author string }
			}](t, srv, "/api/stacks/acme-corp/"+st.ProjectName+"/"+st.StackName)
			assert.NotEmpty(t, stack.Tags["pulumi:runtime"])
			if stack.Tags["owner"] == "" {
				unowned++
			}
			if stack.CurrentOperation != nil {
				running++
			}
		}
		assert.Len(t, projects, 7)
		assert.Len(t, names, 40, "all names differ")
		assert.Equal(t, 3, never)
		assert.Equal(t, 5, empty)
		assert.Equal(t, 11, unowned)
		assert.Equal(t, 1, running)
		again := pulumiapitest.Demo()
		defer again.Close()
		assert.Equal(t, list, getJSON[struct{ Stacks []summary }](t, again, "/api/user/stacks?maxResults=100"))
		assert.Equal(t, http.StatusNotFound, do(t, srv, http.MethodGet, "/api/stacks/acme-corp/webshop/x", "").status)
	})
}
