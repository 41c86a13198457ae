package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/examples/internal/programtest"
	"github.com/pulumiapi/pulumiapi/pulumiapitest"
)

func TestMain(m *testing.M) { programtest.Main(m) }

const day = 24 * time.Hour

func TestTable_Demo(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t)
	assert.Equal(t, 0, got.Status)
	assert.Empty(t, got.Stderr)
	lines := strings.Split(got.Stdout, "\n")
	require.Len(t, lines, 3+40+3)
	assert.Equal(t, []string{
		"Stacks of acme-corp, from a Pulumi Cloud in memory",
		"",
		"STACK                              OWNER            LAST UPDATE          RESOURCES  TAGS",
		"network/dev                        grace            2 days ago                  86  environment=dev owner=grace team=platform",
	}, lines[:4])
	for _, line := range []string{
		"network/prod-ap-southeast-2        (pulumi-tester)  97 days ago, stale         176  environment=prod team=platform",
		"kubernetes/upgrade-1.33            linus            48 days ago                  0  environment=dev owner=linus team=platform",
		"webshop/redesign                   ada              never, stale                 0  environment=dev owner=ada team=storefront",
		"data-platform/gpu-spike            (pulumi-tester)  203 days ago, stale         16",
		"landing-zone/new-region            (pulumi-tester)  never, stale                 0  environment=prod",
	} {
		assert.Contains(t, got.Stdout, "\n"+line+"\n", "and no blanks at the end")
	}
	assert.Equal(t, []string{"", "40 stacks, 3718 resources, 10 stale: no update for 90d", ""}, lines[43:])
}

// jsonLine is what a reader of the JSON lines relies on.
type jsonLine struct {
	Stack      string            `json:"stack"`
	Project    string            `json:"project"`
	Name       string            `json:"name"`
	Owner      string            `json:"owner"`
	OwnerFrom  string            `json:"ownerFrom"`
	LastUpdate *time.Time        `json:"lastUpdate"`
	AgeDays    *int              `json:"ageDays"`
	Stale      *bool             `json:"stale"`
	Resources  int               `json:"resources"`
	Tags       map[string]string `json:"tags"`
	Console    string            `json:"console"`
	Note       string            `json:"note"`
}

func decode(t *testing.T, stdout string) map[string]jsonLine {
	t.Helper()
	stacks := map[string]jsonLine{}
	for line := range strings.Lines(stdout) {
		var stack jsonLine
		require.NoError(t, json.Unmarshal([]byte(line), &stack), line)
		stacks[stack.Stack] = stack
	}
	return stacks
}

func TestJSON_Demo(t *testing.T) {
	t.Parallel()
	got := programtest.Run(t, "-format", "json")
	assert.Equal(t, 0, got.Status)
	stacks := decode(t, got.Stdout)
	require.Len(t, stacks, 40)

	forgotten := stacks["acme-corp/landing-zone/log-archive"]
	require.NotNil(t, forgotten.LastUpdate)
	assert.WithinDuration(t, time.Now().Add(-412*day), *forgotten.LastUpdate, time.Minute)
	forgotten.LastUpdate = nil
	assert.Equal(t, jsonLine{
		Stack: "acme-corp/landing-zone/log-archive", Project: "landing-zone", Name: "log-archive",
		Owner: "pulumi-tester", OwnerFrom: "service", AgeDays: new(412), Stale: new(true), Resources: 22,
		Tags: map[string]string{
			"environment": "prod", "team": "cloud-governance", "pulumi:project": "landing-zone", "pulumi:runtime": "yaml",
			"pulumi:description": "Accounts, guard rails and budgets", "vcs:kind": "github.com", "vcs:owner": "acme-corp", "vcs:repo": "cloud-governance",
		},
		Console: "https://app.pulumi.test/acme-corp/landing-zone/log-archive",
	}, forgotten)

	assert.Equal(t, "ada", stacks["acme-corp/webshop/prod"].Owner)
	assert.Equal(t, "tag", stacks["acme-corp/webshop/prod"].OwnerFrom)
	assert.Equal(t, new(false), stacks["acme-corp/webshop/prod"].Stale)
	assert.Equal(t, new(true), stacks["acme-corp/webshop/redesign"].Stale)
	assert.Contains(t, got.Stdout, `"name":"redesign","owner":"ada","ownerFrom":"tag","lastUpdate":null,"ageDays":null,"stale":true,`)
}

func TestTags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want int
	}{
		{nil, 40},
		{[]string{"-tag", "environment=prod"}, 15},
		{[]string{"-tag", "environment"}, 37},
		{[]string{"-tag", "environment="}, 3},
		{[]string{"-tag", "environment=prod", "-tag", "owner="}, 3},
		{[]string{"-tag", "owner=", "-tag", "environment=prod"}, 3},
		{[]string{"-tag", "environment=prod", "-tag", "owner"}, 12},
		{[]string{"-tag", "environment=prod", "-tag", "environment=dev"}, 0},
		{[]string{"-tag", "pulumi:description=VPCs, subnets, DNS zones and peering"}, 6},
		{[]string{"-tag", "none"}, 0},
	} {
		got := programtest.Run(t, append([]string{"-format", "json"}, c.args...)...)
		assert.Equal(t, 0, got.Status)
		assert.Len(t, decode(t, got.Stdout), c.want, "%q", c.args)
	}
	got := programtest.Run(t, "-tag", "none", "-fail-on-stale")
	assert.Equal(t, programtest.Result{Stdout: "Stacks of acme-corp, from a Pulumi Cloud in memory\n\nNo stacks.\n"}, got)
}

func TestOwnerTag(t *testing.T) {
	t.Parallel()
	stacks := decode(t, programtest.Run(t, "-format", "json", "-owner-tag", "team").Stdout)
	assert.Equal(t, "storefront", stacks["acme-corp/webshop/prod"].Owner)
	assert.Equal(t, "pulumi-tester", stacks["acme-corp/webshop/pr-3310"].Owner)
}

func TestFailOnStale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args   []string
		status int
		sum    string
	}{
		{[]string{"-fail-on-stale"}, 3, "40 stacks, 3718 resources, 10 stale: no update for 90d\n"},
		{[]string{"-fail-on-stale", "-stale", "500d"}, 3, "40 stacks, 3718 resources, 4 stale: no update for 500d\n"},
		{[]string{"-stale", "36h", "-tag", "team=platform"}, 0, "10 stacks, 1715 resources, 8 stale: no update for 36h0m0s\n"},
		{[]string{"-fail-on-stale", "-tag", "team=payments"}, 0, "7 stacks, 514 resources\n"},
		{[]string{"-stale", "0"}, 0, "40 stacks, 3718 resources\n"},
	} {
		got := programtest.Run(t, c.args...)
		assert.Equal(t, c.status, got.Status, "%q", c.args)
		assert.Empty(t, got.Stderr)
		assert.True(t, strings.HasSuffix(got.Stdout, "\n\n"+c.sum), "%q: %s", c.args, got.Stdout)
	}
	assert.Equal(t, 3, programtest.Run(t, "-fail-on-stale", "-format", "json").Status)
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-format", "xml"}, `-format must be table or json, not "xml"`},
		{[]string{"-stale", "soon"}, `invalid value "soon" for flag -stale: must be a time such as 90d, 12w or 36h`},
		{[]string{"-stale", "-1h"}, `must be between 0 and 36525d`},
		{[]string{"-tag", "=x"}, `needs the name of a tag`},
		{[]string{"-owner-tag", ""}, `-owner-tag must not be empty`},
		{[]string{"-stale", "0", "-fail-on-stale"}, `-fail-on-stale has nothing to look for`},
		{[]string{"-live"}, `add -org and its name`},
		{[]string{"acme"}, `unexpected argument: "acme"`},
	} {
		got := programtest.Run(t, c.args...)
		assert.Equal(t, 2, got.Status, "%q", c.args)
		assert.Empty(t, got.Stdout, "%q", c.args)
		assert.Contains(t, got.Stderr, c.says, "%q", c.args)
	}
	got := programtest.Run(t, "-h")
	assert.Equal(t, programtest.Result{Stdout: help}, got)
}

// evil is what a name or a tag may be.
const evil = "x\x1b[2J\u009b31m\u202ey\nz, \"q\" <{%fg 1%}>"

func TestLive_OtherPeoplesText(t *testing.T) {
	t.Parallel()
	cloud := pulumiapitest.NewServer()
	defer cloud.Close()
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{
		Org: "acme", Project: "web" + evil, Name: evil, Tags: map[string]string{"owner": evil, "a": "1", evil: evil},
		LastUpdate: time.Now().Add(-3 * time.Hour), ResourceCount: 7,
	}))
	require.NoError(t, cloud.AddStack(pulumiapitest.Stack{Org: "other", Project: "web", Name: "prod"}))
	const harmless = `x31my z, "q"`

	got := programtest.RunLive(t, cloud, "-org", "acme")
	assert.Equal(t, 0, got.Status, got.Stderr)
	assert.Equal(t, "Stacks of acme, from "+cloud.URL()+"\n\n"+
		"STACK                          OWNER         LAST UPDATE  RESOURCES  TAGS\n"+
		"web"+harmless+" /"+harmless+"  "+harmless+"  3 hours ago          7  a=1 owner="+harmless+" "+harmless+" ="+harmless+"\n\n"+
		"1 stack, 7 resources\n", got.Stdout)

	got = programtest.RunLive(t, cloud, "-org", "acme", "-format", "json")
	assert.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202e}]`, got.Stdout)
	assert.Equal(t, 1, strings.Count(got.Stdout, "\n"))
	for _, stack := range decode(t, got.Stdout) {
		assert.Equal(t, evil, stack.Name, "nothing is lost")
		assert.Equal(t, evil, stack.Owner)
		assert.Equal(t, evil, stack.Tags[evil])
	}
	for _, request := range cloud.Requests() {
		assert.Equal(t, http.MethodGet, request.Method, "it only reads")
	}
}

const (
	getStack    = "GET /api/stacks/{orgName}/{projectName}/{stackName}"
	getMetadata = "GET /api/stacks/{orgName}/{projectName}/{stackName}/metadata"
)

// What is deleted meanwhile is left out; what can't be read is noted.
func TestLive_WhatCannotBeRead(t *testing.T) {
	t.Parallel()
	cloud := pulumiapitest.Demo()
	defer cloud.Close()
	cloud.Inject(pulumiapitest.Fault{Endpoint: getStack, Status: http.StatusNotFound, Times: 1})
	cloud.Inject(pulumiapitest.Fault{Endpoint: getStack, Status: http.StatusForbidden, Times: 1})
	cloud.Inject(pulumiapitest.Fault{Endpoint: getMetadata, Status: http.StatusForbidden, Times: 1})
	got := programtest.RunLive(t, cloud, "-org", "acme-corp", "-format", "json")
	assert.Equal(t, 0, got.Status, got.Stderr)
	stacks := decode(t, got.Stdout)
	assert.Len(t, stacks, 39)
	notes := map[string]int{}
	for _, stack := range stacks {
		notes[stack.Note]++
		assert.Equal(t, stack.Note == "tags not yours to read", stack.Tags == nil)
		assert.Equal(t, stack.Note == "", stack.Owner != "")
	}
	assert.Equal(t, map[string]int{"": 37, "tags not yours to read": 1, "owner not yours to read": 1}, notes)

	cloud.Inject(pulumiapitest.Fault{Endpoint: getStack, Status: http.StatusForbidden})
	got = programtest.RunLive(t, cloud, "-org", "acme-corp", "-tag", "owner=ada")
	assert.Contains(t, got.Stdout, "  (tags not yours to read)\n")
}

// A list with holes looks like a whole one, so there is none.
func TestLive_Failures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault pulumiapitest.Fault
		says  string
	}{
		"unauthorized": {pulumiapitest.Fault{Status: http.StatusUnauthorized}, "The access token is not valid"},
		"forbidden":    {pulumiapitest.Fault{Status: http.StatusForbidden}, "Is the name right"},
		"down":         {pulumiapitest.Fault{Endpoint: getStack, Skip: 30, Status: http.StatusServiceUnavailable}, ": 503: "},
		"refused":      {pulumiapitest.Fault{Endpoint: getStack, Skip: 30, Status: http.StatusBadRequest}, ": 400: "},
		"owner":        {pulumiapitest.Fault{Endpoint: getMetadata, Skip: 3, Status: http.StatusBadRequest}, "/metadata: 400: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := pulumiapitest.Demo()
			defer cloud.Close()
			cloud.Inject(c.fault)
			got := programtest.RunLive(t, cloud, "-org", "acme-corp")
			assert.Equal(t, 1, got.Status)
			assert.Empty(t, got.Stdout)
			assert.Contains(t, got.Stderr, c.says)
			assert.Contains(t, got.Stderr, "inventory: pulumiapi: GET /api/")
		})
	}
}

// An organization without stacks is not one that does not exist.
func TestLive_NoStacks(t *testing.T) {
	t.Parallel()
	cloud := pulumiapitest.NewServer()
	defer cloud.Close()
	require.NoError(t, cloud.AddOrganization("acme"))
	got := programtest.RunLive(t, cloud, "-org", "acme", "-fail-on-stale")
	assert.Equal(t, programtest.Result{Stdout: "Stacks of acme, from " + cloud.URL() + "\n\nNo stacks.\n"}, got)
	for _, args := range [][]string{nil, {"-fail-on-stale"}, {"-format", "json"}} {
		got := programtest.RunLive(t, cloud, append([]string{"-org", "amce"}, args...)...)
		assert.Equal(t, 1, got.Status, "%q", args)
		assert.Empty(t, got.Stdout, "%q", args)
		assert.Contains(t, got.Stderr, "inventory: pulumiapi: GET /api/orgs/amce: 404: Organization 'amce' not found", "%q", args)
	}
}

func TestNowhereToWrite(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "output")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	readOnly, err := os.Open(path)
	require.NoError(t, err)
	defer func() { assert.NoError(t, readOnly.Close()) }()
	for _, format := range []string{"table", "json"} {
		got := programtest.Command{Args: []string{"-format", format, "-fail-on-stale"}, Stdout: readOnly}.Run(t)
		assert.Equal(t, 1, got.Status, format)
		assert.Contains(t, got.Stderr, "inventory: write ", format)
	}
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	for columns, tags := range map[string]bool{"COLUMNS=100": true, "COLUMNS=80": false} {
		got := programtest.Command{Terminal: true, Env: []string{columns}}.Run(t)
		assert.Equal(t, 0, got.Status)
		assert.Contains(t, got.Stdout, "listing stacks")
		assert.Contains(t, got.Stdout, "reading tags")
		_, table, found := strings.Cut(got.Stdout, "\rStacks of acme-corp")
		require.True(t, found, "%q", got.Stdout)
		assert.Contains(t, table, "\n\x1b[33mwebshop/redesign                   ada              never, stale                 0")
		assert.Equal(t, tags, strings.Contains(table, "environment=prod"))
		colours := regexp.MustCompile(`\x1b\[\d*m`)
		for line := range strings.Lines(colours.ReplaceAllString(table, "")) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimRight(line, "\r\n")), 100, line)
		}
	}
}
