package pulumiapitest

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

var metaRoutes = []route{
	{
		endpoint: "GET /api/capabilities",
		open:     true,
		handle:   (*Server).listCapabilities,
	},
	{
		endpoint: "GET /api/cli/version",
		open:     true,
		handle:   (*Server).getCLIVersion,
	},
	{
		endpoint: "GET /api/openapi/pulumi-spec.json",
		open:     true,
		handle:   (*Server).getOpenAPI,
	},
}

type wireCapability struct {
	Capability    string         `json:"capability"`
	Configuration map[string]any `json:"configuration,omitempty"`
	Version       int            `json:"version,omitempty"`
}

func (s *Server) listCapabilities(*call) (reply, error) {
	return ok(map[string]any{"capabilities": []wireCapability{
		{Capability: "stack-policy-packs", Version: 1},
		{Capability: "deployment-schema-version", Configuration: map[string]any{"version": 4}, Version: 1},
	}}), nil
}

func (s *Server) getCLIVersion(*call) (reply, error) {
	return ok(map[string]string{
		"latestVersion": "3.204.0", "latestDevVersion": "3.205.0-alpha.1", "oldestWithoutWarning": "3.190.0",
	}), nil
}

// getOpenAPI describes this cloud: which operations there are, what their query
// parameters are called, and what every error looks like.
func (s *Server) getOpenAPI(*call) (reply, error) {
	paths := map[string]map[string]any{}
	for _, length := range slices.Sorted(maps.Keys(s.routes)) {
		for _, t := range s.routes[length] {
			_, path, _ := strings.Cut(t.endpoint, " ")
			if paths[path] == nil {
				paths[path] = map[string]any{}
			}
			paths[path][strings.ToLower(t.method)] = t.describe()
		}
	}
	return ok(map[string]any{
		"openapi":    "3.0.3",
		"info":       map[string]string{"title": "A Pulumi Cloud in memory", "version": "1"},
		"paths":      paths,
		"components": map[string]any{"schemas": map[string]any{errorSchema: describeType(reflect.TypeFor[wireError]())}},
	}), nil
}

// errorSchema is the name of the schema of errors.
const errorSchema = "Error"

// schema is a JSON schema, as far as this cloud's description needs one.
type schema struct {
	Ref        string             `json:"$ref,omitempty"`
	Type       string             `json:"type,omitempty"`
	Properties map[string]*schema `json:"properties,omitempty"`
	Required   []string           `json:"required,omitempty"`
}

// describeType returns the schema of a wire form of numbers and texts.
func describeType(t reflect.Type) *schema {
	described := &schema{Type: "object", Properties: map[string]*schema{}}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		kind := "string"
		if field.Type.Kind() == reflect.Int {
			kind = "integer"
		}
		described.Properties[name] = &schema{Type: kind}
		described.Required = append(described.Required, name)
	}
	return described
}

func (t *template) describe() map[string]any {
	type parameter struct {
		Name     string `json:"name"`
		In       string `json:"in"`
		Required bool   `json:"required"`
		Schema   schema `json:"schema"`
	}
	text := schema{Type: "string"}
	parameters := []parameter{}
	for _, segment := range t.segments {
		if strings.HasPrefix(segment, "{") {
			parameters = append(parameters, parameter{strings.Trim(segment, "{}"), "path", true, text})
		}
	}
	for _, name := range t.query {
		parameters = append(parameters, parameter{name, "query", false, text})
	}
	return map[string]any{
		"operationId": t.operationID(),
		"parameters":  parameters,
		"responses": map[string]any{
			"2XX": map[string]string{"description": "Success"},
			"default": map[string]any{
				"description": "Error",
				"content": map[string]any{"application/json": map[string]any{
					"schema": schema{Ref: "#/components/schemas/" + errorSchema},
				}},
			},
		},
	}
}

// operationID returns the endpoint as one word, which no other endpoint has:
// "GetApiUserStacks".
func (t *template) operationID() string {
	words := append([]string{strings.ToLower(t.method)}, t.segments...)
	var id strings.Builder
	for _, word := range words {
		for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			id.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return id.String()
}
