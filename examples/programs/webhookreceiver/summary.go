package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// kindWidth is the width of most kinds.
const kindWidth = 14

// summary returns an event as a line.
func summary(event *pulumiapi.WebhookEvent) string {
	kind := program.Cut(program.Printable(string(event.Kind)), 2*kindWidth)
	text, paint := describe(event)
	text = program.Cut(program.Printable(text), 300)
	if paint != nil {
		text = paint(text)
	}
	return fmt.Sprintf("%-*s  %s", kindWidth, cmp.Or(kind, "-"), text)
}

// describe returns what has happened, and how to colour it, or nil.
func describe(event *pulumiapi.WebhookEvent) (text string, paint func(string) string) {
	switch p := event.Payload.(type) {
	case *pulumiapi.WebhookPingPayload:
		return p.Message, nil
	case *pulumiapi.WebhookStackPayload:
		return about(p.Identifier(), string(p.Action), by(p.User)), nil
	case *pulumiapi.WebhookStackUpdatePayload:
		what := fmt.Sprintf("%s %s", p.Kind, p.Result)
		if p.IsPreview {
			what = fmt.Sprintf("preview (%s) %s", p.Kind, p.Result)
		}
		return about(p.Identifier(), what, by(p.User), changes(p.ResourceChanges)), resultPaint(p.Result)
	case *pulumiapi.WebhookDeploymentPayload:
		return about(p.Identifier(), fmt.Sprintf("deployment %d (%s) %s", p.Version, p.Operation, p.Status), by(p.User)), nil
	case *pulumiapi.WebhookDriftDetectionPayload:
		if p.DriftDetected {
			return about(p.Identifier(), "drift detected", changes(p.ResourceChanges)), program.Yellow
		}
		return about(p.Identifier(), "no drift: "+string(p.Status)), nil
	case *pulumiapi.WebhookDriftRemediationPayload:
		return about(p.Identifier(), "drift remediation "+string(p.Status), changes(p.ResourceChanges)), nil
	case *pulumiapi.WebhookEnvironmentPayload:
		return about(environment(p.WebhookSource, p.ProjectName, p.EnvironmentName), string(p.Action), by(p.User)), nil
	case *pulumiapi.WebhookEnvironmentRevisionPayload:
		return about(environment(p.WebhookSource, p.ProjectName, p.EnvironmentName), fmt.Sprintf("revision %d %s", p.Revision, p.Action), by(p.User)), nil
	case *pulumiapi.WebhookEnvironmentRevisionTagPayload:
		return about(environment(p.WebhookSource, p.ProjectName, p.EnvironmentName), fmt.Sprintf("tag %s of revision %d %s", p.TagName, p.Revision, p.Action), by(p.User)), nil
	case *pulumiapi.WebhookEnvironmentTagPayload:
		return about(environment(p.WebhookSource, p.ProjectName, p.EnvironmentName), fmt.Sprintf("tag %s %s", p.TagName, p.Action), by(p.User)), nil
	case *pulumiapi.WebhookImportedEnvironmentChangedPayload:
		imported := p.ImportedEnvironmentReference
		return about(environment(p.WebhookSource, p.ProjectName, p.EnvironmentName), fmt.Sprintf(
			"imports %s/%s, of which revision %d is new", imported.ProjectName, imported.EnvironmentName, imported.Revision)), nil
	case *pulumiapi.WebhookTeamPayload:
		return about(p.Organization.GitHubLogin, fmt.Sprintf("team %s %s", p.Team.Name, p.Action), by(p.User)), nil
	}
	return fmt.Sprintf("%d bytes of a form that is not known", len(event.Raw)), nil
}

// about joins the subject of an event with what is told of it.
func about(subject any, parts ...string) string {
	parts = slices.DeleteFunc(parts, func(part string) bool { return part == "" })
	return fmt.Sprintf("%v: %s", subject, strings.Join(parts, ", "))
}

func by(user pulumiapi.UserInfo) string {
	if user.GitHubLogin == "" {
		return ""
	}
	return "by " + user.GitHubLogin
}

func environment(source pulumiapi.WebhookSource, project, name string) string {
	return source.Organization.GitHubLogin + "/" + project + "/" + name
}

// resultPaint returns the colour of a result.
func resultPaint(result pulumiapi.UpdateResult) func(string) string {
	switch result { //nolint:exhaustive // the others are no results
	case pulumiapi.UpdateResultFailed:
		return program.Red
	case pulumiapi.UpdateResultSucceeded:
		return program.Green
	}
	return nil
}

// changes returns numbers as in "2 create, 13 same".
func changes(counts map[pulumiapi.StepOp]int) string {
	var parts []string
	for _, op := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprint(counts[op], " ", op))
	}
	return strings.Join(parts, ", ")
}
