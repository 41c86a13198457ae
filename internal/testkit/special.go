package testkit

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"time"

	"github.com/pulumiapi/pulumiapi"
)

// special returns values of the types that can't be made up from what they are
// made of. An interface stands here with values of the types that implement it,
// a struct of which not all fields go together with its forms.
func special() map[reflect.Type][]any {
	return map[reflect.Type][]any{
		reflect.TypeFor[pulumiapi.Cursor]():                {pulumiapi.Cursor("")},
		reflect.TypeFor[pulumiapi.Secret]():                {pulumiapi.NewSecret("hush")},
		reflect.TypeFor[pulumiapi.StackIdentifier]():       {stack},
		reflect.TypeFor[pulumiapi.EnvironmentIdentifier](): {environment},
		reflect.TypeFor[json.RawMessage]():                 {json.RawMessage(`{"made":"up"}`)},
		reflect.TypeFor[time.Time]():                       {time.Date(2031, time.March, 4, 5, 6, 7, 0, time.UTC)},
		reflect.TypeFor[time.Duration]():                   {time.Hour},
		reflect.TypeFor[io.Reader]():                       {strings.NewReader("")}, // a call puts one of its own there
		reflect.TypeFor[io.Writer]():                       {io.Discard},            // the same

		reflect.TypeFor[pulumiapi.WebhookScope](): {pulumiapi.OrgScope("acme"), stack, environment},
		reflect.TypeFor[pulumiapi.GridFilter](): {
			pulumiapi.FilterAnd(
				pulumiapi.FilterEquals("a", "1"), pulumiapi.FilterNotEqual("b", "2"), pulumiapi.FilterContains("c", "3"),
				pulumiapi.FilterNotContains("d", "4"), pulumiapi.FilterStartsWith("e", "5"), pulumiapi.FilterEndsWith("f", "6"),
				pulumiapi.FilterOr(pulumiapi.FilterBlank("g"), pulumiapi.FilterNotBlank("h")),
			),
			pulumiapi.GridFilter{},
			pulumiapi.FilterEquals("a", "1"),
			pulumiapi.FilterOr(pulumiapi.FilterEquals("a", "1")),
		},
		reflect.TypeFor[pulumiapi.PolicyIssueGroupOptions](): {
			pulumiapi.PolicyIssueGroupOptions{
				GroupBy: []pulumiapi.GridColumn{
					{ID: "a", DisplayName: "A", Field: new("f"), AggFunc: new("sum")}, {ID: "b", DisplayName: "B"},
				},
				GroupKeys: []string{"one"},
				Values:    []pulumiapi.GridColumn{{ID: "c", DisplayName: "C"}},
				Closed:    true, PageSize: 10,
				Filter: pulumiapi.FilterEquals("a", "1"), Sort: []pulumiapi.GridSort{{Column: "a", Descending: true}},
			},
			pulumiapi.PolicyIssueGroupOptions{GroupBy: []pulumiapi.GridColumn{{ID: "a", DisplayName: "A"}}},
		},
		reflect.TypeFor[pulumiapi.TeamCreateRequest](): {
			pulumiapi.TeamCreateRequest{Kind: pulumiapi.TeamKindPulumi, Name: "a", DisplayName: "b", Description: "c"},
			pulumiapi.TeamCreateRequest{Name: "a"},
			pulumiapi.TeamCreateRequest{Kind: pulumiapi.TeamKindGitHub, GitHubTeamID: 7},
		},
	}
}

// stateToImport is what a reader among the arguments holds.
const stateToImport = `{"version": 3, "features": ["a"], "deployment": {}}`

var (
	stack       = pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}
	environment = pulumiapi.EnvironmentIdentifier{Org: "acme", Project: "web", Environment: "prod"}
)
