package pulumiapitest

import (
	"strings"
	"time"
)

type wireIssueList struct {
	PolicyIssues []wireIssue      `json:"policyIssues"`
	GroupData    []map[string]any `json:"groupData"` // null unless the rows are grouped
	RowCount     int              `json:"rowCount"`
}

type wireIssue struct {
	ID               string     `json:"id"`
	EntityType       string     `json:"entityType"`
	EntityProject    string     `json:"entityProject"`
	EntityID         string     `json:"entityId"`
	StackVersion     *int       `json:"stackVersion,omitempty"`
	ResourceVersion  *int       `json:"resourceVersion,omitempty"`
	PolicyPack       string     `json:"policyPack"`
	PolicyPackTag    string     `json:"policyPackTag"`
	PolicyName       string     `json:"policyName"`
	ResourceURN      string     `json:"resourceURN"`
	ResourceProvider string     `json:"resourceProvider"`
	ResourceType     string     `json:"resourceType"`
	ResourceName     string     `json:"resourceName"`
	Message          string     `json:"message,omitempty"`
	ObservedAt       time.Time  `json:"observedAt"`
	LastModified     *time.Time `json:"lastModified,omitempty"`
	Level            string     `json:"level"`
	Severity         string     `json:"severity"`
	Status           string     `json:"status"`
	Kind             string     `json:"kind"`
	Priority         string     `json:"priority"`
	AssignedTo       *wireUser  `json:"assignedTo,omitempty"`
	PolicyGroupName  string     `json:"policyGroupName,omitempty"`
	PolicyGroupType  string     `json:"policyGroupType,omitempty"`
}

// issueEntity is what has the resource of an issue.
type issueEntity struct {
	kind, project, id             string
	stackVersion, resourceVersion *int
}

func (i *issue) entity() issueEntity {
	if i.Account == "" {
		return issueEntity{kind: "stack", project: i.Project, id: i.Stack, stackVersion: &i.Version}
	}
	entity := issueEntity{kind: "insights-account", id: i.Account, resourceVersion: &i.Version}
	if slash := strings.LastIndex(i.Account, "/"); slash >= 0 {
		entity.project, entity.id = i.Account[:slash], i.Account[slash+1:]
	}
	return entity
}

func (s *Server) wireIssue(i *issue) wireIssue {
	entity := i.entity()
	w := wireIssue{
		ID: i.ID, EntityType: entity.kind, EntityProject: entity.project, EntityID: entity.id,
		StackVersion: entity.stackVersion, ResourceVersion: entity.resourceVersion,
		PolicyPack: i.Pack, PolicyPackTag: i.PackTag, PolicyName: i.Policy,
		ResourceURN: i.URN, ResourceProvider: i.Provider, ResourceType: i.Type, ResourceName: i.Resource,
		Message: i.Message, ObservedAt: i.Observed.UTC(), Level: i.Level, Severity: i.Severity, Status: i.Status, Kind: i.Kind,
		Priority: i.Priority, PolicyGroupName: i.Group, PolicyGroupType: i.GroupType,
	}
	if !i.Modified.IsZero() {
		w.LastModified = new(i.Modified.UTC())
	}
	if i.AssignedTo != "" {
		user := s.users[i.AssignedTo]
		user.Login = i.AssignedTo // who may not be known any more
		w.AssignedTo = new(user.wire())
	}
	return w
}

// wireUpdatedIssue is what the service answers to a change, though it may send
// what it sends for reading.
type wireUpdatedIssue struct {
	PolicyIssue wireIssue `json:"policyIssue"`
}

type wireIssueDetail struct {
	PolicyIssue wireIssue           `json:"policyIssue"`
	Policy      *wirePolicy         `json:"policy"`
	PolicyPack  *wireRegistryPolicy `json:"policyPack"`
}

type wirePolicy struct {
	Name             string `json:"name"`
	DisplayName      string `json:"displayName"`
	Description      string `json:"description"`
	EnforcementLevel string `json:"enforcementLevel"`
	Message          string `json:"message"`
	Severity         string `json:"severity"`
}

type wireRegistryPolicy struct {
	ID                string   `json:"id"`
	Source            string   `json:"source"`
	Publisher         string   `json:"publisher"`
	Name              string   `json:"name"`
	Version           string   `json:"version"`
	DisplayName       string   `json:"displayName"`
	AccessLevel       string   `json:"accessLevel"`
	EnforcementLevels []string `json:"enforcementLevels"` // null, as the service has it
}

func (s *Server) wireIssueDetail(o *organization, i *issue) wireIssueDetail {
	detail := wireIssueDetail{PolicyIssue: s.wireIssue(i)}
	if def := i.Definition; def != nil {
		detail.Policy = &wirePolicy{
			Name: i.Policy, DisplayName: def.DisplayName, Description: def.Description,
			EnforcementLevel: i.Level, Message: def.Message, Severity: i.Severity,
		}
		detail.PolicyPack = &wireRegistryPolicy{
			ID: fakeUUID("policy pack " + i.Pack), Source: "private", Publisher: o.name,
			Name: i.Pack, Version: i.PackTag, DisplayName: def.PackDisplayName,
		}
	}
	return detail
}

type wireViolationList struct {
	PolicyViolations  []wireViolation `json:"policyViolations"`
	ContinuationToken string          `json:"continuationToken"`
}

type wireViolation struct {
	ID              string    `json:"id"`
	ProjectName     string    `json:"projectName"`
	StackName       string    `json:"stackName,omitempty"`
	StackVersion    *int      `json:"stackVersion,omitempty"`
	AccountName     string    `json:"accountName,omitempty"`
	ResourceVersion *int      `json:"resourceVersion,omitempty"`
	PolicyPack      string    `json:"policyPack"`
	PolicyPackTag   string    `json:"policyPackTag"`
	PolicyName      string    `json:"policyName"`
	ResourceURN     string    `json:"resourceURN"`
	ResourceType    string    `json:"resourceType"`
	ResourceName    string    `json:"resourceName"`
	Message         string    `json:"message"`
	ObservedAt      time.Time `json:"observedAt"`
	Level           string    `json:"level"`
	Kind            string    `json:"kind"`
}

func (i *issue) violation() wireViolation {
	entity := i.entity()
	w := wireViolation{
		ID: i.ID, ProjectName: entity.project, StackVersion: entity.stackVersion, ResourceVersion: entity.resourceVersion,
		PolicyPack: i.Pack, PolicyPackTag: i.PackTag, PolicyName: i.Policy,
		ResourceURN: i.URN, ResourceType: i.Type, ResourceName: i.Resource, Message: i.Message,
		ObservedAt: i.Observed.UTC(), Level: i.Level, Kind: i.Kind,
	}
	if i.Account == "" {
		w.StackName = entity.id
	} else {
		w.AccountName = entity.id
	}
	return w
}
