package pulumiapitest

import (
	"encoding/json"
	"fmt"
)

var stackConfigRoutes = []route{
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/config",
		handle:   (*Server).getStackConfig,
	},
	{
		endpoint: "PUT /api/stacks/{orgName}/{projectName}/{stackName}/config",
		handle:   (*Server).updateStackConfig,
	},
	{
		endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}/config",
		handle:   (*Server).deleteStackConfig,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/metadata",
		handle:   (*Server).getStackMetadata,
	},
	{
		endpoint: "PATCH /api/stacks/{orgName}/{projectName}/{stackName}/notifications/settings",
		handle:   (*Server).updateNotificationSettings,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/annotations/{kind}",
		query:    []string{"source", "version"},
		handle:   (*Server).getAnnotation,
	},
	{
		endpoint: "PATCH /api/stacks/{orgName}/{projectName}/{stackName}/annotations/{kind}",
		query:    []string{"source", "version"},
		handle:   (*Server).setAnnotation,
	},
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/workflow",
		handle:   (*Server).getStarterWorkflow,
	},
}

func (s *Server) getStackConfig(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	if st.config == nil {
		return reply{}, notFound("Stack Config '%s' not found", st)
	}
	return ok(st.config), nil
}

// updateStackConfig takes it that the environment exists.
func (s *Server) updateStackConfig(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req wireStackConfig
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if !environmentRule.MatchString(req.Environment) {
		return reply{}, badRequest("invalid environment '%s': it must be project/environment, with @version or without", req.Environment)
	}
	st.config = &req
	s.logStack(c, st, "Stack Config Updated", fmt.Sprintf("Configured stack %q by environment %q", st.slug(), req.Environment))
	return ok(st.config), nil
}

func (s *Server) deleteStackConfig(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	st.config = nil
	s.logStack(c, st, "Stack Config Deleted", fmt.Sprintf("Deleted the configuration of stack %q", st.slug()))
	return noContent, nil
}

type wireStackMetadata struct {
	NotificationSettings wireNotificationSettings `json:"notificationSettings"`
	OrgName              string                   `json:"orgName"`
	OwnedBy              wireUser                 `json:"ownedBy"`
	ProjectName          string                   `json:"projectName"`
	StackName            string                   `json:"stackName"`
}

type wireNotificationSettings struct {
	NotifyUpdateFailure bool `json:"notifyUpdateFailure"`
	NotifyUpdateSuccess bool `json:"notifyUpdateSuccess"`
}

func (st *stack) metadata() wireStackMetadata {
	return wireStackMetadata{
		NotificationSettings: st.notifications, OwnedBy: st.owner.wire(),
		OrgName: st.org, ProjectName: st.project, StackName: st.name,
	}
}

func (s *Server) getStackMetadata(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	return ok(st.metadata()), nil
}

func (s *Server) updateNotificationSettings(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		NotifyUpdateFailure *bool `json:"notifyUpdateFailure"`
		NotifyUpdateSuccess *bool `json:"notifyUpdateSuccess"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.NotifyUpdateFailure == nil || req.NotifyUpdateSuccess == nil {
		return reply{}, badRequest("invalid request body: notifyUpdateFailure and notifyUpdateSuccess are required")
	}
	st.notifications = wireNotificationSettings{*req.NotifyUpdateFailure, *req.NotifyUpdateSuccess}
	s.logStack(c, st, "Stack Notifications Changed", fmt.Sprintf("Changed the notifications of stack %q", st.slug()))
	return ok(st.metadata()), nil
}

// annotationKey names an annotation of a stack.
type annotationKey struct{ kind, source string }

// annotationVersion returns the version that a call is about, 0 if it names none.
// Versions begin at 1; one that is to be the first can say 0.
func annotationVersion(c *call) (version int, named bool, err error) {
	version, err = c.intQuery("version")
	return version, c.query.Has("version"), err
}

func (s *Server) getAnnotation(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	version, named, err := annotationVersion(c)
	if err != nil {
		return reply{}, err
	}
	versions := st.annotations[annotationKey{c.param("kind"), c.query.Get("source")}]
	if !named {
		version = len(versions)
	}
	if version < 1 || version > len(versions) {
		return reply{}, notFound("Annotation '%s' not found on stack '%s'", c.param("kind"), st)
	}
	return ok(rawJSON(versions[version-1])), nil
}

func (s *Server) setAnnotation(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	version, named, err := annotationVersion(c)
	if err != nil {
		return reply{}, err
	}
	var object map[string]json.RawMessage
	if err := c.decode(&object); err != nil {
		return reply{}, err
	}
	if object == nil {
		return reply{}, badRequest("invalid request body: an annotation is an object, not null")
	}
	key := annotationKey{c.param("kind"), c.query.Get("source")}
	if named && version != len(st.annotations[key]) {
		return reply{}, conflict("the annotation has changed since it was read")
	}
	if st.annotations == nil {
		st.annotations = map[annotationKey][]json.RawMessage{}
	}
	st.annotations[key] = append(st.annotations[key], c.body)
	s.logStack(c, st, "Stack Annotated", fmt.Sprintf("Annotated stack %q: %s", st.slug(), key.kind))
	return noContent, nil
}

// starterWorkflows are workflows by the CI systems for which there are some: what
// they begin with.
var starterWorkflows = map[string]string{
	"github": "name: Pulumi\non: [push]\n",
	"gitlab": "stages: [pulumi]\n",
}

// getStarterWorkflow makes no workflow that would run, but one that tells what was
// asked for.
func (s *Server) getStarterWorkflow(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		CISystem          string `json:"ciSystem"`
		EnablePathFilters bool   `json:"enablePathFilters"`
		WorkingDirectory  string `json:"workingDirectory"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	runtime := st.tags["pulumi:runtime"]
	start, known := starterWorkflows[req.CISystem]
	switch {
	case req.CISystem == "":
		return reply{}, badRequest("CISystem must be specified")
	case runtime == "":
		return reply{}, badRequest("Stack does not have a runtime tag")
	case !known:
		return reply{}, notFound("WorkflowTemplate '%s' not found", req.CISystem)
	}
	return ok(map[string]string{
		"content": fmt.Sprintf("%s# %s, %s, in %q, path filters: %t\n", start, st, runtime, req.WorkingDirectory, req.EnablePathFilters),
	}), nil
}
