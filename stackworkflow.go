package pulumiapi

import (
	"context"
	"net/http"
)

// StarterWorkflowRequest says for which CI system a workflow is wanted.
type StarterWorkflowRequest struct {
	// CISystem is the system, as the service names it.
	CISystem string `json:"ciSystem"`
	// WorkingDirectory is where the project is in its repository.
	WorkingDirectory string `json:"workingDirectory"`
	// EnablePathFilters lets the workflow run only if something in the working
	// directory has changed.
	EnablePathFilters bool `json:"enablePathFilters"`
}

// StarterWorkflow is a workflow for a CI system that updates a stack.
type StarterWorkflow struct {
	// Content is the workflow's file.
	Content string `json:"content"`
}

// It makes up a text and keeps nothing.
var stackGetStarterWorkflowEndpoint = Endpoint{
	Method: http.MethodPost, Template: "/api/stacks/{orgName}/{projectName}/{stackName}/workflow", Read: true,
}

// GetStarterWorkflow returns a workflow to begin with for a stack. A stack whose
// runtime no tag tells is an [*APIError] of status 400, and a CI system for which
// the service has no workflow is [ErrNotFound].
//
// Pulumi Cloud: POST /api/stacks/{orgName}/{projectName}/{stackName}/workflow
func (s *StacksService) GetStarterWorkflow(ctx context.Context, id StackIdentifier, req StarterWorkflowRequest) (*StarterWorkflow, error) {
	if err := checkNotEmpty("req.CISystem", req.CISystem); err != nil {
		return nil, err
	}
	return fetchWithBody[StarterWorkflow](ctx, s.client, call{endpoint: stackGetStarterWorkflowEndpoint, args: id.pathArgs()}, "req", req)
}
