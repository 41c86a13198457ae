package pulumiapitest

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
)

var (
	webhookGroups      = []string{"stacks", "deployments", "environments", "policies", "change_requests"}
	stackWebhookGroups = []string{"stacks", "deployments", "policies"}
	webhookFilters     = allWebhookFilters()
)

// allWebhookFilters returns the names of all events that webhooks can hear of,
// though this cloud tells of those of the group stacks only.
func allWebhookFilters() []string {
	filters := []string{"drift_detected", "imported_environment_changed"}
	for subject, ends := range map[string]string{
		"stack":                    "created deleted",
		"preview":                  "succeeded failed",
		"update":                   "succeeded failed",
		"destroy":                  "succeeded failed",
		"refresh":                  "succeeded failed",
		"import":                   "succeeded failed",
		"drift_detection":          "succeeded failed",
		"drift_remediation":        "succeeded failed",
		"environment_rotation":     "succeeded failed",
		"deployment":               "queued started succeeded failed file_ingestion_failed",
		"policy_violation":         "mandatory advisory",
		"environment":              "created deleted",
		"environment_revision":     "created retracted",
		"environment_revision_tag": "created updated deleted",
		"environment_tag":          "created updated deleted",
		"change_request":           "created updated approved unapproved closed applied submitted",
	} {
		for end := range strings.FieldsSeq(ends) {
			filters = append(filters, subject+"_"+end)
		}
	}
	return filters
}

type wireStackEvent struct {
	User         wireUser `json:"user"`
	Organization wireUser `json:"organization"`
	Action       string   `json:"action"`
	ProjectName  string   `json:"projectName"`
	StackName    string   `json:"stackName"`
}

type wireUpdateEvent struct {
	User            wireUser       `json:"user"`
	Organization    wireUser       `json:"organization"`
	ProjectName     string         `json:"projectName"`
	StackName       string         `json:"stackName"`
	UpdateURL       string         `json:"updateUrl"`
	Kind            string         `json:"kind"`
	Result          string         `json:"result"`
	ResourceChanges map[string]int `json:"resourceChanges"`
	IsPreview       bool           `json:"isPreview"`
}

// announceStack tells the webhooks that a stack was created or deleted.
func (s *Server) announceStack(st *stack, action string) {
	text := fmt.Sprintf("Stack %s was %s by %s", st, action, userLogin)
	s.announce(st, "stack_"+action, s.newMessage("stack", text, wireStackEvent{
		User: testUser.wire(), Organization: User{Login: st.org}.wire(), Action: action, ProjectName: st.project, StackName: st.name,
	}))
}

// announceUpdate tells the webhooks that an update or a preview has ended.
func (s *Server) announceUpdate(st *stack, u *update) {
	event := wireUpdateEvent{
		User: u.RequestedBy.wire(), Organization: User{Login: st.org}.wire(), ProjectName: st.project, StackName: st.name,
		Kind: u.Kind, Result: u.info().Result, ResourceChanges: maps.Clone(u.ResourceChanges), IsPreview: u.preview(),
	}
	message, subject, segment := "stack_update", u.Kind, "updates"
	if event.IsPreview {
		message, subject, segment = "stack_preview", "preview", "previews"
	}
	if event.ResourceChanges == nil {
		event.ResourceChanges = map[string]int{}
	}
	event.UpdateURL = st.summary().Links.Self + "/" + segment + "/" + url.PathEscape(u.id)
	text := fmt.Sprintf("The %s of stack %s by %s has %s", subject, st, u.RequestedBy.Login, event.Result)
	s.announce(st, subject+"_"+event.Result, s.newMessage(message, text, event))
}

// announce delivers a message to the webhooks of a stack and of its organization
// that are to hear of what the filter names.
func (s *Server) announce(st *stack, filter string, m webhookMessage) {
	for _, w := range slices.Concat(s.orgs[st.org].hooks, st.hooks) {
		if w.hears(filter) {
			s.deliverLater(w, m.in(w.Format))
		}
	}
}

// hears says whether a webhook wants to know of an event of a stack. One that
// starts deployments does not deliver, and there are no deployments here.
func (w *webhook) hears(filter string) bool {
	if w.Inactive || w.Format == formatDeployments {
		return false
	}
	if len(w.Filters) == 0 && len(w.Groups) == 0 {
		return true
	}
	return slices.Contains(w.Filters, filter) || slices.Contains(w.Groups, "stacks")
}
