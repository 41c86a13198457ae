package pulumiapitest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// demoResource is a resource as it stands in a state.
type demoResource struct {
	URN                  string              `json:"urn"`
	Custom               bool                `json:"custom"`
	ID                   string              `json:"id,omitempty"`
	Type                 string              `json:"type"`
	Inputs               map[string]any      `json:"inputs,omitempty"`
	Outputs              map[string]any      `json:"outputs,omitempty"`
	Parent               string              `json:"parent,omitempty"`
	Protect              bool                `json:"protect,omitempty"`
	Provider             string              `json:"provider,omitempty"`
	Dependencies         []string            `json:"dependencies,omitempty"`
	PropertyDependencies map[string][]string `json:"propertyDependencies,omitempty"`
	Created              *time.Time          `json:"created,omitempty"`
	Modified             *time.Time          `json:"modified,omitempty"`
}

func (r *demoResource) step(op string) Step {
	return Step{
		Op: op, URN: r.URN, ID: r.ID, Parent: r.Parent, Provider: r.Provider,
		Inputs: r.Inputs, Outputs: r.Outputs,
	}
}

// demoComponents says what the components of a project consist of.
var demoComponents = map[string]struct {
	component string
	names     []string
	// The first child is what the others depend on.
	children []string
}{
	"network": {
		"acme:network:Zone",
		[]string{"public", "private", "isolated"},
		[]string{"aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/routeTableAssociation:RouteTableAssociation", "aws:ec2/networkAcl:NetworkAcl", "aws:route53/record:Record"},
	},
	"kubernetes": {
		"acme:cluster:NodePool",
		[]string{"system", "general", "memory", "batch"},
		[]string{"aws:eks/nodeGroup:NodeGroup", "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:ec2/launchTemplate:LaunchTemplate", "kubernetes:core/v1:Namespace", "kubernetes:helm.sh/v3:Release"},
	},
	"payments-api": {
		"acme:service:Service",
		[]string{"ledger", "checkout", "refunds", "webhooks"},
		[]string{"aws:rds/instance:Instance", "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition", "aws:sqs/queue:Queue", "aws:cloudwatch/metricAlarm:MetricAlarm"},
	},
	"webshop": {
		"acme:web:Site",
		[]string{"shop", "assets", "search"},
		[]string{"aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy", "aws:cloudfront/distribution:Distribution", "aws:lambda/function:Function"},
	},
	"data-platform": {
		"acme:data:Pipeline",
		[]string{"orders", "events", "inventory", "marketing", "finance"},
		[]string{"aws:s3/bucket:Bucket", "aws:glue/catalogTable:CatalogTable", "aws:glue/job:Job", "aws:rds/instance:Instance", "aws:sfn/stateMachine:StateMachine", "aws:cloudwatch/metricAlarm:MetricAlarm"},
	},
	"identity": {
		"acme:identity:Directory",
		[]string{"staff", "customers"},
		[]string{"aws:cognito/userPool:UserPool", "aws:cognito/userPoolClient:UserPoolClient", "aws:kms/key:Key", "aws:lambda/function:Function"},
	},
	"landing-zone": {
		"acme:landing:Account",
		[]string{"workloads", "security", "shared"},
		[]string{"aws:organizations/account:Account", "aws:organizations/policyAttachment:PolicyAttachment", "aws:budgets/budget:Budget", "aws:iam/role:Role"},
	},
}

// demoHasSecret are the types with a password among their properties, and
// demoProtected those that are protected in production.
var (
	demoHasSecret = map[string]bool{"aws:rds/instance:Instance": true, "aws:cognito/userPoolClient:UserPoolClient": true}
	demoProtected = map[string]bool{"aws:rds/instance:Instance": true, "aws:kms/key:Key": true, "aws:organizations/account:Account": true}
)

// demoSecretSignature marks an object of a state as something special, and the
// value that it has here as a secret.
const (
	demoSignature       = "4dabf18193072939515e22adb298388d"
	demoSecretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

func demoSecret(what string) map[string]any {
	return map[string]any{demoSignature: demoSecretSignature, "ciphertext": "AAAB" + fakeHex(what, 64)}
}

// urnOf returns the URN of a resource of the stack. Parent is that of a component,
// or empty.
func (d demoStack) urnOf(parentType, resourceType, name string) string {
	if parentType != "" {
		resourceType = parentType + "$" + resourceType
	}
	return "urn:pulumi:" + d.name + "::" + d.project + "::" + resourceType + "::" + name
}

// resourceList returns as many resources as a stack has: the stack, a provider,
// and components with children until there are enough. It stops early at limit.
func (d demoStack) resourceList(now time.Time, limit int) []demoResource {
	want := min(d.resources, limit)
	if want == 0 {
		return nil
	}
	kind := demoComponents[d.project]
	created, modified := now.Add(-d.age-90*day).UTC().Truncate(time.Second), now.Add(-d.age).UTC().Truncate(time.Second)
	region := "us-east-1"
	if strings.Contains(d.name, "eu") {
		region = "eu-west-1"
	}
	root := demoResource{
		URN: d.urnOf("", "pulumi:pulumi:Stack", d.project+"-"+d.name), Type: "pulumi:pulumi:Stack",
		Outputs: map[string]any{"region": region, "adminToken": demoSecret(d.project + d.name)},
		Created: &created, Modified: &created,
	}
	provider := demoResource{
		URN: d.urnOf("", "pulumi:providers:aws", "default_7_8_0"), Custom: true,
		ID: fakeUUID(d.project + d.name + "provider"), Type: "pulumi:providers:aws",
		Inputs:  map[string]any{"region": region, "version": "7.8.0"},
		Outputs: map[string]any{"region": region, "version": "7.8.0"},
		Created: &created, Modified: &created,
	}
	resources := []demoResource{root, provider}
	for i := 0; len(resources) < want; i++ {
		component := demoResource{
			URN:    d.urnOf("", kind.component, fmt.Sprintf("%s-%d", kind.names[i%len(kind.names)], i)),
			Type:   kind.component,
			Parent: root.URN, Created: &created, Modified: &created,
		}
		resources = append(resources, component)
		first := len(resources)
		for _, childType := range kind.children {
			child := d.child(component, childType, i)
			child.Provider = provider.URN + "::" + provider.ID
			child.Created, child.Modified = &created, &modified
			if len(resources) > first {
				child.Dependencies = []string{resources[first].URN}
				child.PropertyDependencies = map[string][]string{"name": nil, "target": child.Dependencies}
			}
			resources = append(resources, child)
		}
	}
	resources = resources[:want]
	if reference := d.reference(); reference != "" && want > demoSample+2 {
		resources[want-1] = demoResource{
			URN: d.urnOf("", referenceType, reference), Custom: true, ID: reference, Type: referenceType, Parent: root.URN,
			Inputs: map[string]any{"name": reference}, Outputs: map[string]any{"name": reference, "outputs": map[string]any{"region": region}},
			Created: &created, Modified: &created,
		}
	}
	return resources
}

// reference returns the stack of the network whose outputs the stack reads, or "".
func (d demoStack) reference() string {
	network := map[string]string{"dev": "dev", "staging": "staging", "prod": "prod-us-east-1"}[d.environment]
	if d.project == "network" || network == "" {
		return ""
	}
	return DemoOrganization + "/network/" + network
}

// child returns the resource of a type in the i-th component.
func (d demoStack) child(component demoResource, resourceType string, i int) demoResource {
	_, short, _ := strings.Cut(resourceType, ":")
	short = strings.ToLower(short[strings.LastIndex(short, ":")+1:])
	name := fmt.Sprintf("%s-%d", short, i)
	urn := d.urnOf(component.Type, resourceType, name)
	id := short + "-0" + fakeHex(urn, 16)
	tags := map[string]any{"project": d.project, "environment": d.environment}
	r := demoResource{
		URN: urn, Custom: true, ID: id, Type: resourceType, Parent: component.URN,
		Inputs:  map[string]any{"__defaults": []string{"name"}, "name": name, "tags": tags},
		Outputs: map[string]any{"arn": "arn:aws:::" + id, "id": id, "name": name, "tags": tags},
		Protect: demoProtected[resourceType] && d.environment == "prod",
	}
	if demoHasSecret[resourceType] {
		r.Inputs["password"] = demoSecret(urn)
		r.Outputs["password"] = demoSecret(urn)
	}
	return r
}

// demoInterrupted are the stacks whose last update did not come to its end: their
// states say what it was at.
var demoInterrupted = map[string]string{"data-platform/ml-experiments": "creating"}

// lazyState returns the state of a stack as a function that makes it when it is asked
// for, and keeps it until it is asked for with another base URL.
func (d demoStack) lazyState(now time.Time) stackState {
	var made *wireDeployment
	var madeFor string
	return func(baseURL string) *wireDeployment {
		if made == nil || madeFor != baseURL {
			made, madeFor = d.state(now, baseURL), baseURL
		}
		return made
	}
}

// state returns the deployment of a stack, whose secrets a service at the base URL
// has encrypted.
func (d demoStack) state(now time.Time, baseURL string) *wireDeployment {
	type operation struct {
		Resource demoResource `json:"resource"`
		Type     string       `json:"type"`
	}
	var deployment struct {
		Manifest         map[string]any `json:"manifest"`
		SecretsProviders map[string]any `json:"secrets_providers"`
		Resources        []demoResource `json:"resources,omitempty"`
		Pending          []operation    `json:"pending_operations,omitempty"`
		Metadata         struct{}       `json:"metadata"`
	}
	deployment.Manifest = map[string]any{
		"time":    now.Add(-d.age).UTC().Format(time.RFC3339Nano),
		"magic":   fakeHex(d.project+d.name+"magic", 64),
		"version": "v3.204.0",
	}
	deployment.SecretsProviders = map[string]any{
		"type": "service",
		"state": map[string]any{
			"url": baseURL, "owner": DemoOrganization, "project": d.project, "stack": d.name,
		},
	}
	deployment.Resources = d.resourceList(now, d.resources)
	if at := demoInterrupted[d.project+"/"+d.name]; at != "" {
		next := d.child(deployment.Resources[2], demoComponents[d.project].children[0], 99)
		next.ID, next.Outputs = "", nil
		deployment.Pending = []operation{{next, at}}
	}
	encoded, _ := json.Marshal(deployment) // cannot fail: texts, numbers and times
	return &wireDeployment{Version: 3, Deployment: encoded}
}
