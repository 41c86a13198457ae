package pulumiapitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// demoHost is where the demo's webhooks deliver. It is not on any network.
const demoHost = "hooks.acme-corp.test"

// demoHooks are the demo's webhooks. A status is that of a delivery in the past,
// the newest one last, of which there is one for each day.
var demoHooks = []struct {
	Webhook

	statuses []int
}{
	{
		Webhook{Name: "audit-trail", DisplayName: "Audit trail", Secret: "not so secret", PayloadURL: "https://" + demoHost + "/audit"},
		[]int{200, 200, 200, 503, 200, 200, 200, 200},
	},
	{
		Webhook{Name: "slack-releases", DisplayName: "#releases", Format: formatSlack, Groups: []string{"stacks"}, PayloadURL: "https://" + demoHost + "/slack"},
		[]int{200, 200, 429, 200, 200},
	},
	{
		Webhook{Name: "old-dashboard", DisplayName: "The dashboard in the hallway", Inactive: true, PayloadURL: "http://" + demoHost + ":8080/dashboard"},
		[]int{200, 0, 0},
	},
	{
		Webhook{Name: "on-call", DisplayName: "Page on-call", Secret: "not so secret either", Project: "payments-api", Stack: "prod-us", Filters: []string{"update_failed", "destroy_failed"}, PayloadURL: "https://" + demoHost + "/page"},
		[]int{200, 200},
	},
	{
		Webhook{Name: "deploy-docs", DisplayName: "Deploy the docs after the shop", Project: "webshop", Stack: "prod", Format: formatDeployments, Filters: []string{"update_succeeded"}, PayloadURL: "webshop/docs"},
		nil,
	},
}

// demoWebhooks puts the webhooks into the cloud, and a receiver behind them that
// takes everything.
func demoWebhooks(s *Server, o *organization, now time.Time) {
	for _, d := range demoHooks {
		d.Org = o.name
		w, hooks := newWebhook(d.Webhook), &o.hooks
		st := s.stacks.byID[stackID{o.name, d.Project, d.Stack}]
		if st != nil {
			hooks = &st.hooks
		} else {
			st = s.stacks.byID[stackID{o.name, "network", "dev"}]
		}
		for i, status := range d.statuses {
			at := now.Add(-time.Duration(len(d.statuses)-i)*day - 3*hour)
			w.deliveries = append(w.deliveries, demoDelivery(s, w, st, status, at))
		}
		*hooks = append(*hooks, w)
	}
	receive := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(w, "ok") })
	s.HandleWebhooks(demoHost, receive)
	s.HandleWebhooks(demoHost+":8080", receive)
}

func demoDelivery(s *Server, w *webhook, st *stack, status int, at time.Time) delivery {
	result := "succeeded"
	if len(w.Filters) > 0 {
		result = "failed"
	}
	payload, _ := json.Marshal(wireUpdateEvent{ // cannot fail: texts and numbers
		User: demoUser("ci").wire(), Organization: User{Login: st.org}.wire(), ProjectName: st.project, StackName: st.name,
		UpdateURL: st.summary().Links.Self + "/updates/" + st.activeUpdate(), Kind: "update", Result: result,
		ResourceChanges: map[string]int{"same": st.resourceCount},
	})
	m := webhookMessage{
		id: fakeUUID(fmt.Sprintf("webhook message %d", s.nextSerial())), kind: "stack_update", payload: payload,
		text: fmt.Sprintf("The update of stack %s by ci has %s", st, result),
	}.in(w.Format)
	d := delivery{
		message: m, at: at, duration: time.Duration(40+len(m.payload)%200) * time.Millisecond, url: w.PayloadURL, status: status,
		requestHeaders: headerText(requestHeader(m, w.Secret)), responseHeaders: "Content-Type: text/plain; charset=utf-8\r\n",
		responseBody: http.StatusText(status) + "\n",
	}
	if status == 0 {
		d.duration, d.responseHeaders, d.responseBody = webhookTimeout, "", "context deadline exceeded"
	}
	return d
}
