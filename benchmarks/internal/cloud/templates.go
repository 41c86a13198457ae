package cloud

// The shapes are the service's: which fields there are, how long they are, what
// is null and what is left out.

const stackTemplate = `{
	"id": "UUID",
	"orgName": "acme", "projectName": "web", "stackName": "prod",
	"currentOperation": {"kind": "update", "author": "user1", "started": TIME},
	"activeUpdate": "UUID",
	"tags": {
		"gitHub:owner": "acme", "gitHub:repo": "infrastructure",
		"pulumi:description": "A minimal AWS TypeScript Pulumi program",
		"pulumi:project": "web", "pulumi:runtime": "nodejs", "pulumi:secrets_provider": "service",
		"vcs:kind": "github.com", "vcs:owner": "acme", "vcs:repo": "infrastructure"
	},
	"config": {"environment": "web/prod"},
	"version": 91
}`

const stackSummaryTemplate = `{
	"id": "UUID",
	"orgName": "acme", "projectName": "service-NUMBER", "stackName": "prod-eu-west-1",
	"lastUpdate": TIME, "resourceCount": NUMBER,
	"links": {"self": "https://app.pulumi.com/acme/service-NUMBER/prod-eu-west-1"}
}`

const user = `{
	"name": "First Last", "githubLogin": "user1",
	"avatarUrl": "https://en.gravatar.com/userimage/17756222/cabc55626abae89ebe2d8ae946521e15.png?size=300"
}`

const updateTemplate = `{
	"info": {
		"kind": "update", "startTime": TIME, "message": "Add the web server NUMBER of the demo. (#NUMBER)",
		"environment": {
			"exec.kind": "cli", "git.author": "First Last", "git.author.email": "user1@example.com",
			"git.committer": "GitHub", "git.committer.email": "noreply@github.com", "git.dirty": "true",
			"git.head": "HASH", "git.headName": "refs/heads/master", "github.pr.number": "NUMBER",
			"vcs.kind": "github.com", "vcs.owner": "acme", "vcs.repo": "infrastructure"
		},
		"config": {
			"aws:region": {"string": "us-west-2", "secret": false, "object": false},
			"web:password": {"string": "v1:HASH", "secret": true, "object": false}
		},
		"result": "succeeded", "endTime": TIME, "version": NUMBER,
		"resourceChanges": {"create": 2, "same": 140, "update": 3}, "resourceCount": 145
	},
	"updateID": "UUID",
	"githubCommitInfo": {
		"slug": "acme/infrastructure", "sha": "HASH",
		"url": "https://github.com/acme/infrastructure/commit/HASH", "author": ` + user + `
	},
	"version": NUMBER, "latestVersion": 6000,
	"requestedBy": ` + user + `,
	"policyPacks": [{
		"name": "aws", "displayName": "", "version": 23, "versionTag": "0.1.20201015-2",
		"config": {
			"allowed-image-owner": {"allowedPublishers": ["self", "099720109477"]},
			"maximum-instance-count": {"maximumInstanceCount": 2}
		}
	}]
}`

const auditLogEventTemplate = `{
	"timestamp": TIME, "sourceIP": "10.0.0.1", "event": "Stack Update Started",
	"description": "Started update \"UUID\" for stack \"web/prod\"",
	"user": ` + user + `,
	"tokenID": "UUID", "tokenName": "ci", "reqOrgAdmin": false, "reqStackAdmin": false, "authFailure": false
}`

const (
	stackURN    = `"urn:pulumi:prod::web::pulumi:pulumi:Stack::web-prod"`
	resourceURN = `"urn:pulumi:prod::web::aws:ec2/vpc:Vpc::network-NUMBER"`
	provider    = `"urn:pulumi:prod::web::pulumi:providers:aws::default_6_32_0::d77c9fd7-1c06-427d-ba26-dbd8a8cbf91a"`

	inputs = `{
		"__defaults": ["assignGeneratedIpv6CidrBlock", "enableDnsSupport", "instanceTenancy"],
		"assignGeneratedIpv6CidrBlock": false, "cidrBlock": "10.0.0.0/16", "enableDnsSupport": true,
		"instanceTenancy": "default", "tags": {"Name": "network-NUMBER", "team": "platform", "env": "prod"}
	}`
	outputs = `{
		"__meta": "{\"schema_version\":\"1\"}",
		"arn": "arn:aws:ec2:us-west-2:0123456789:vpc/vpc-HASH", "assignGeneratedIpv6CidrBlock": false,
		"cidrBlock": "10.0.0.0/16", "defaultNetworkAclId": "acl-HASH", "defaultRouteTableId": "rtb-HASH",
		"defaultSecurityGroupId": "sg-HASH", "dhcpOptionsId": "dopt-6db97615", "enableClassiclink": false,
		"enableClassiclinkDnsSupport": false, "enableDnsHostnames": false, "enableDnsSupport": true,
		"id": "vpc-HASH", "instanceTenancy": "default", "ipv6AssociationId": "", "ipv6CidrBlock": "",
		"mainRouteTableId": "rtb-HASH", "ownerId": "0123456789",
		"tags": {"Name": "network-NUMBER", "team": "platform", "env": "prod"}
	}`

	resourceStart = `{"type": "aws:ec2/vpc:Vpc", "urn": ` + resourceURN + `, "custom": true, "parent": ` + stackURN + `, "provider": ` + provider
	planned       = resourceStart + `, "id": "", "inputs": ` + inputs + `, "outputs": {}}`
	existing      = resourceStart + `, "id": "vpc-HASH", "inputs": ` + inputs + `, "outputs": ` + outputs + `}`

	step = `"urn": ` + resourceURN + `, "type": "aws:ec2/vpc:Vpc", "logical": true, "provider": ` + provider
)

const resourcePreCreateTemplate = `{
	"sequence": NUMBER, "timestamp": TIME, "type": "resourcePreEvent",
	"resourcePreEvent": {"metadata": {"op": "create", ` + step + `, "old": null, "new": ` + planned + `}}
}`

const resOutputsCreateTemplate = `{
	"sequence": NUMBER, "timestamp": TIME, "type": "resOutputsEvent",
	"resOutputsEvent": {"metadata": {"op": "create", ` + step + `, "old": null, "new": ` + existing + `}}
}`

const resourcePreSameTemplate = `{
	"sequence": NUMBER, "timestamp": TIME, "type": "resourcePreEvent",
	"resourcePreEvent": {"metadata": {"op": "same", ` + step + `, "old": ` + existing + `, "new": ` + planned + `}}
}`

const resOutputsUpdateTemplate = `{
	"sequence": NUMBER, "timestamp": TIME, "type": "resOutputsEvent",
	"resOutputsEvent": {"metadata": {
		"op": "update", ` + step + `, "diffs": ["tags"],
		"detailedDiff": {"tags.team": {"diffKind": "update", "inputDiff": true}},
		"old": ` + existing + `, "new": ` + existing + `
	}}
}`

const diagnosticTemplate = `{
	"sequence": NUMBER, "timestamp": TIME, "type": "diagnosticEvent",
	"diagnosticEvent": {
		"urn": ` + resourceURN + `, "prefix": "<{%fg 13%}>debug: <{%reset%}>",
		"message": "<{%reset%}>Waiting for network-NUMBER to become available\n<{%reset%}>",
		"color": "raw", "severity": "info", "streamID": 7
	}
}`

const policyTemplate = `{
	"sequence": NUMBER, "timestamp": TIME, "type": "policyEvent",
	"policyEvent": {
		"resourceUrn": ` + resourceURN + `,
		"message": "<{%reset%}>VPCs must be of appropriate size.\nAddress space [10.0.0.0/16] is too large.<{%reset%}>\n",
		"color": "raw", "policyName": "vpc-sizing", "policyPackName": "aws",
		"policyPackVersion": "0.1.20201015-2", "policyPackVersionTag": "0.1.20201015-2", "enforcementLevel": "advisory"
	}
}`

const resourceTemplate = resourceStart + `,
	"id": "vpc-HASH", "inputs": ` + inputs + `, "outputs": ` + outputs + `,
	"dependencies": [` + stackURN + `], "propertyDependencies": {"cidrBlock": null, "tags": [` + stackURN + `]},
	"created": "2024-03-15T22:29:53.782994Z", "modified": "2024-03-15T22:29:53.782994Z",
	"sourcePosition": "project:///index.ts#NUMBER,17"
}`

// A state begins with its stack's own resource; the others follow, with commas
// before them.
const (
	stateStart = `{"version":3,"deployment":{"manifest":{"time":"2024-03-15T22:29:53.782994Z",` +
		`"magic":"6ed32cc63f3d459cb6f52bb150bc8ff68db740bf43964d429d5ca57f52c832b1","version":"v3.112.0"},` +
		`"secrets_providers":{"type":"service","state":{"url":"https://api.pulumi.com","owner":"acme","project":"web","stack":"prod"}},` +
		`"resources":[{"urn":` + stackURN + `,"custom":false,"type":"pulumi:pulumi:Stack"}`
	stateEnd = `],"metadata":{}}}`
)
