package pulumiapitest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

type demoState struct {
	Version    int
	Deployment struct {
		Resources []struct {
			URN, Type, Parent, Provider string
			Protect                     bool
			Dependencies                []string
			Inputs                      map[string]any
		}
		PendingOperations []struct{ Type string } `json:"pending_operations"`
	}
}

// Everything that the demo has, looked at as a client does.
func TestDemo_Updates(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := pulumiapitest.Demo()
		defer srv.Close()
		again := pulumiapitest.Demo()
		defer again.Close()
		srv.SetPageSize(100)
		again.SetPageSize(100)
		kinds, previews, seen := map[string]bool{}, map[string]bool{}, map[string]bool{}
		var pending, protected, secrets int
		stacks := getJSON[struct {
			Stacks []struct {
				ProjectName, StackName string
				LastUpdate             int64
				ResourceCount          int
			}
		}](t, srv, "/api/user/stacks").Stacks
		for _, st := range stacks {
			path := "/api/stacks/acme-corp/" + st.ProjectName + "/" + st.StackName
			stack := getJSON[stackOf](t, srv, path)
			updates := getJSON[updateList](t, srv, path+"/updates?output-type=service&page=1&pageSize=100")
			since := getJSON[updateList](t, srv, path+"/updates/latest/previews?asc=true")
			if stack.Version > 0 {
				require.NotEmpty(t, updates.Updates, path)
				assert.Equal(t, stack.ActiveUpdate, updates.Updates[0].UpdateID, path)
				assert.Equal(t, st.LastUpdate, updates.Updates[0].Info.StartTime, path)
			}
			for i, u := range updates.Updates {
				kinds[u.Info.Kind+" "+getJSON[updateStatus](t, srv, path+"/update/"+u.UpdateID).Status] = true
				assert.Equal(t, stack.Version-i, u.Version)
				assert.LessOrEqual(t, u.Info.EndTime, time.Now().Unix(), path)
				if i > 0 {
					assert.Less(t, u.Info.EndTime, updates.Updates[i-1].Info.StartTime, path)
				}
			}
			for _, u := range since.Updates {
				previews[u.Info.Kind+" "+u.Info.Result] = true
				assert.Less(t, st.LastUpdate, u.Info.StartTime, path)
			}
			for _, u := range append(updates.Updates, since.Updates...) {
				events := path + "/update/" + u.UpdateID + "/events"
				list := getJSON[eventList](t, srv, events)
				for _, event := range list.Events {
					name, isText := event["type"].(string)
					require.True(t, isText)
					seen[name] = true
					payload, isObject := event[name].(map[string]any)
					require.True(t, isObject)
					for _, detail := range []string{"severity", "enforcementLevel"} {
						if text, isText := payload[detail].(string); isText {
							seen[text] = true
						}
					}
				}
				assert.Equal(t, do(t, srv, http.MethodGet, events, "").body, do(t, again, http.MethodGet, events, "").body, "nothing differs")
			}

			exported := do(t, srv, http.MethodGet, path+"/export", "").body
			assert.Equal(t, exported, do(t, again, http.MethodGet, path+"/export", "").body, "nothing differs")
			secrets += strings.Count(exported, `"ciphertext"`)
			state := getJSON[demoState](t, srv, path+"/export")
			assert.Len(t, state.Deployment.Resources, st.ResourceCount, path)
			pending += len(state.Deployment.PendingOperations)
			known := map[string]bool{"": true}
			for _, r := range state.Deployment.Resources {
				assert.False(t, known[r.URN], "twice: %s", r.URN)
				known[r.URN] = true
				assert.True(t, known[r.Parent], "the parent of %s comes before it", r.URN)
				for _, dependency := range r.Dependencies {
					assert.True(t, known[dependency], "%s depends on what comes before it", r.URN)
				}
				if r.Protect {
					protected++
				}
			}
		}
		for _, kind := range []string{"update", "refresh", "destroy"} {
			for _, status := range []string{"succeeded", "failed", "cancelled"} {
				if kind != "destroy" || status != "cancelled" {
					assert.True(t, kinds[kind+" "+status], "%s %s", kind, status)
				}
			}
		}
		for _, kind := range []string{"import succeeded", "rename succeeded", "resource-import succeeded", "update running"} {
			assert.True(t, kinds[kind], kind)
		}
		for _, kind := range []string{"Pupdate succeeded", "Pupdate failed", "Prefresh succeeded", "Pdestroy succeeded", "Pimport succeeded"} {
			assert.True(t, previews[kind], kind)
		}
		for _, name := range []string{
			"preludeEvent", "resourcePreEvent", "resOutputsEvent", "resOpFailedEvent", "diagnosticEvent", "policyEvent", "summaryEvent",
			"advisory", "mandatory", "warning", "error",
		} {
			assert.True(t, seen[name], name)
		}
		assert.Equal(t, 1, pending)
		assert.Greater(t, protected, 20)
		assert.Greater(t, secrets, 100)
	})
}

func TestDemo_RunningUpdate(t *testing.T) {
	t.Parallel()
	srv := pulumiapitest.Demo()
	t.Cleanup(srv.Close)
	running, err := srv.RunningUpdate(pulumiapitest.DemoOrganization, "payments-api", "prod-us")
	require.NoError(t, err)
	const path = "/api/stacks/acme-corp/payments-api/prod-us"
	stack := getJSON[stackOf](t, srv, path)
	assert.Equal(t, 642, stack.Version)
	require.NotNil(t, stack.CurrentOperation)
	assert.Equal(t, "margaret", stack.CurrentOperation.Author)
	list := getJSON[eventList](t, srv, path+"/update/"+running.ID()+"/events")
	assert.Len(t, list.Events, 10)
	assert.NotNil(t, list.ContinuationToken)
	assert.NotEmpty(t, getJSON[updateStatus](t, srv, path+"/update/"+running.ID()).Events)
	require.NoError(t, running.Finish(pulumiapitest.Succeeded))
	assert.Nil(t, getJSON[stackOf](t, srv, path).CurrentOperation)
}

func BenchmarkDemo(b *testing.B) {
	for b.Loop() {
		pulumiapitest.Demo().Close()
	}
}
