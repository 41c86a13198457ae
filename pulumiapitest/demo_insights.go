package pulumiapitest

import (
	"encoding/json"
	"time"
)

// demoAccounts are the demo's Insights accounts.
var demoAccounts = []struct {
	name, provider, version, environment, config, owner string
	scheduled                                           bool
	status                                              string // of the last scan; "" if there was none
	age, took                                           time.Duration
	resources                                           int
}{
	{"Acme AWS Production", "aws", "7.8.0", "insights/aws-prod@4", `{"regions":["us-east-1","eu-west-1"]}`, "grace", true, "succeeded", 5 * hour, 4 * time.Minute, 1210},
	{"Acme AWS Production/us-east-1", "aws", "7.8.0", "insights/aws-prod@4", `{"regions":["us-east-1"]}`, "grace", true, "succeeded", 5 * hour, 4 * time.Minute, 733},
	{"Acme AWS Production/eu-west-1", "aws", "7.8.0", "insights/aws-prod@4", `{"regions":["eu-west-1"]}`, "grace", true, "running", 2 * time.Minute, 0, 0},
	{"aws-sandbox", "aws", "7.8.0", "insights/aws-sandbox", `{"regions":["us-east-1"]}`, "linus", false, "failed", 31 * day, 19 * time.Second, 0},
	{"Azure 100% reserved", "azure-native", "3.9.0", "insights/azure@1", `{"subscription":"9f2c"}`, "sophie", true, "succeeded", 11 * hour, 7 * time.Minute, 318},
	{"gcp-analytics", "gcp", "9.2.0", "insights/gcp", `{"project":"acme-analytics"}`, "edgar", true, "succeeded", 26 * hour, 90 * time.Second, 142},
	{"oci-backup", "oci", "", "insights/oci@stable", "", "barbara", false, "", 0, 0, 0},
	{"eks/prod & staging", "kubernetes", "4.24.0", "insights/eks@12", `{"namespaces":["*"]}`, "linus", true, "succeeded", 40 * time.Minute, 35 * time.Second, 951},
}

func demoInsights(s *Server, o *organization, now time.Time) {
	for _, d := range demoAccounts {
		a := InsightsAccount{
			Name: d.name, Provider: d.provider, ProviderVersion: d.version, Environment: d.environment,
			Scheduled: d.scheduled, Owner: demoUser(d.owner),
		}
		if d.config != "" {
			a.ProviderConfig = json.RawMessage(d.config)
		}
		if d.status != "" {
			a.Scan = &InsightsScan{Status: d.status, Started: now.Add(-d.age), ResourceCount: d.resources}
			if d.took > 0 {
				a.Scan.Finished = a.Scan.Started.Add(d.took)
			}
		}
		s.newAccount(o, a)
	}
	sandbox := o.account("aws-sandbox")
	sandbox.replaceTags(map[string]string{"owner": "linus", "expires": "never"})
	sandbox.teams["platform"] = 3
	for _, d := range demoDiscovered {
		found := resourceVersion{created: now.Add(-d.age), state: json.RawMessage(d.state)}
		if d.within.ID != "" {
			found.dependencies = []wireResourceKey{d.within}
		}
		sandbox.discover(d.key, found)
	}
	stack := demoDiscoveredStack
	stack.Scanned = now.Add(-31 * day)
	s.newDiscoveredStack(o, stack)
}

// demoDiscovered are what was discovered in the sandbox, some of it twice.
var demoDiscovered = []struct {
	key, within wireResourceKey // within is what it was found by way of
	state       string
	age         time.Duration
}{
	{demoVPC, wireResourceKey{}, `{"cidrBlock":"10.9.0.0/16"}`, 97 * day},
	{wireResourceKey{"aws:ec2/instance:Instance", "i-0a1b2c3d"}, demoVPC, `{"instanceType":"t3.micro"}`, 97 * day},
	{wireResourceKey{"aws:ec2/instance:Instance", "i-0a1b2c3d"}, demoVPC, `{"instanceType":"p4d.24xlarge"}`, 33 * day},
	{wireResourceKey{"aws:s3/bucket:Bucket", "acme-tmp-please-delete"}, wireResourceKey{}, `{"acl":"public-read"}`, 61 * day},
}

var demoVPC = wireResourceKey{"aws:ec2/vpc:Vpc", "vpc-0f00"}

var demoDiscoveredStack = DiscoveredStack{
	Project: "landing-zone", Name: "billing-exports", Provider: "aws-cloudformation", Tags: map[string]string{"owner": "edgar"},
	Resources: []DiscoveredResource{
		{
			URN: "urn:pulumi:billing-exports::landing-zone::aws:s3/bucket:Bucket::Reports", ID: "acme-billing-reports",
			Type: "aws:s3/bucket:Bucket", OriginType: "AWS::S3::Bucket",
			State: map[string]json.RawMessage{"bucket": json.RawMessage(`"acme-billing-reports"`)},
		},
		{
			URN: "urn:pulumi:billing-exports::landing-zone::aws:sns/topic:Topic::Alarm", ID: "arn:aws:sns:us-east-1:123456789012:billing",
			Type: "aws:sns/topic:Topic", OriginType: "AWS::SNS::Topic",
		},
		{URN: "urn:pulumi:billing-exports::landing-zone::custom::Report", ID: "report-1", OriginType: "Custom::CostReport"},
	},
}
