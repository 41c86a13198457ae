package pulumiapitest

import (
	"maps"
	"slices"
	"strings"
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
		{Capability: "stack-policy-packs"},
		{Capability: "deployment-schema-version", Configuration: map[string]any{"version": 4}, Version: 1},
	}}), nil
}

func (s *Server) getCLIVersion(*call) (reply, error) {
	return ok(map[string]string{
		"latestVersion": "3.204.0", "latestDevVersion": "3.205.0-alpha.1", "oldestWithoutWarning": "3.190.0",
	}), nil
}

// getOpenAPI describes this cloud: which operations there are, and what their
// query parameters are called.
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
		"openapi": "3.0.3",
		"info":    map[string]string{"title": "A Pulumi Cloud in memory", "version": "1"},
		"paths":   paths,
	}), nil
}

func (t *template) describe() map[string]any {
	type parameter struct {
		Name     string            `json:"name"`
		In       string            `json:"in"`
		Required bool              `json:"required"`
		Schema   map[string]string `json:"schema"`
	}
	parameters := []parameter{}
	for _, segment := range t.segments {
		if strings.HasPrefix(segment, "{") {
			parameters = append(parameters, parameter{strings.Trim(segment, "{}"), "path", true, map[string]string{"type": "string"}})
		}
	}
	for _, name := range t.query {
		parameters = append(parameters, parameter{name, "query", false, map[string]string{"type": "string"}})
	}
	return map[string]any{"parameters": parameters, "responses": map[string]any{"default": map[string]string{"description": ""}}}
}
