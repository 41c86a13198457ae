package pulumiapitest

import (
	"cmp"
	"maps"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// route is one endpoint of the cloud. To add one: put a route into the list of
// its resource's file, and write its handler below, in a few lines. A new file's
// list goes into allRoutes.
type route struct {
	// endpoint is the method and the path template, exactly as the service's
	// description writes them.
	endpoint string
	// query names the query parameters that the endpoint knows.
	query []string
	// maxSize is the number of items on a page beyond which the endpoint refuses to
	// go. Without one it sends as many as it may.
	maxSize int
	// open says that the endpoint asks for no token.
	open bool
	// lease says that the endpoint asks for the lease of an update, not for the
	// user's token.
	lease bool
	// script answers in place of handle: see [Server.Handle].
	script http.Handler
	// handle does the work. It is called with Server.mu held, so it never locks; one
	// that has to wait for something outside unlocks meanwhile. What it returns is
	// encoded before the lock is released, so it may point into the state.
	handle func(*Server, *call) (reply, error)
}

func allRoutes() []route {
	return slices.Concat(
		stackRoutes,
		stackTagRoutes,
		stackStateRoutes,
		stackConfigRoutes,
		stackLifecycleRoutes,
		stackResourceRoutes,
		stackAccessRoutes,
		stackSearchRoutes,
		updateRoutes,
		updateVersionRoutes,
		updateKindRoutes(),
		engineEventRoutes,
		engineRoutes(),
		orgRoutes,
		memberRoutes,
		memberAccessRoutes,
		inviteRoutes,
		roleRoutes,
		teamRoutes,
		teamRoleRoutes,
		tokenRoutes,
		ownedTokenRoutes,
		oauthRoutes,
		webhookRoutes(),
		auditLogRoutes,
		auditExportRoutes,
		insightsRoutes,
		insightsAccountRoutes,
		insightsScanRoutes,
		insightsResourceRoutes,
		discoveredStackRoutes,
		insightsTrialRoutes,
		policyIssueRoutes,
		policyComplianceRoutes,
		userRoutes,
		metaRoutes,
	)
}

// decodedTwice are the path parameters that the service decodes a second time.
// Clients escape their values twice.
var decodedTwice = []string{"accountName", "resourceTypeAndId", "object"}

// router finds the route of a request. It is not http.ServeMux, because that one
// panics on pairs of templates that the service does have and that neither
// contains the other (…/{projectName}/{envName}/decrypt and …/yaml/open/{id}),
// answers GET routes on HEAD, and redirects paths that it finds unclean.
type router map[int][]template // by the number of segments

type template struct {
	route
	method   string
	segments []string
}

func newTemplate(r route) template {
	method, path, _ := strings.Cut(r.endpoint, " ")
	return template{route: r, method: method, segments: strings.Split(path, "/")[1:]}
}

func newRouter(routes []route) router {
	rt := router{}
	for _, r := range routes {
		rt.add(r)
	}
	return rt
}

func (rt router) add(r route) {
	t := newTemplate(r)
	list := append(slices.Clone(rt[len(t.segments)]), t) // a copy, as requests under way hold templates of the old one
	slices.SortStableFunc(list, compareTemplates)
	rt[len(t.segments)] = list
}

func (rt router) remove(endpoint string) {
	for length, list := range rt {
		rt[length] = slices.DeleteFunc(slices.Clone(list), func(t template) bool { return t.endpoint == endpoint })
	}
}

// compareTemplates sorts templates of the same length by the first segment that
// tells them apart, fixed text before a parameter: the first match is the one
// that is meant.
func compareTemplates(a, b template) int {
	for i := range a.segments {
		if c := cmp.Compare(paramRank(a.segments[i]), paramRank(b.segments[i])); c != 0 {
			return c
		}
	}
	return 0
}

func paramRank(segment string) int {
	if strings.HasPrefix(segment, "{") {
		return 1
	}
	return 0
}

// match returns the route for a method and the decoded segments of a path, or nil.
func (rt router) match(method string, segments []string) *template {
	for i := range rt[len(segments)] {
		if t := &rt[len(segments)][i]; t.method == method && t.matches(segments) {
			return t
		}
	}
	return nil
}

// find returns the template of an endpoint, or nil.
func (rt router) find(endpoint string) *template {
	for _, list := range rt {
		if i := slices.IndexFunc(list, func(t template) bool { return t.endpoint == endpoint }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

// nearest returns the endpoint that has the most in common with a text, at its
// beginning and at its end, whatever the parameters are called.
func (rt router) nearest(text string) string {
	best, most := "", math.MinInt
	for _, length := range slices.Sorted(maps.Keys(rt)) {
		for _, t := range rt[length] {
			if n := inCommon(paramName.ReplaceAllString(text, "{}"), paramName.ReplaceAllString(t.endpoint, "{}")); n > most {
				best, most = t.endpoint, n
			}
		}
	}
	return best
}

var paramName = regexp.MustCompile(`{[^{}/]*}`)

// inCommon returns how much two texts have in common, less what they differ in length.
func inCommon(a, b string) int {
	short := min(len(a), len(b))
	start, end := 0, 0
	for start < short && a[start] == b[start] {
		start++
	}
	for end < short-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	return start + end - (max(len(a), len(b)) - short)
}

func (t *template) matches(segments []string) bool {
	return slices.EqualFunc(t.segments, segments, func(pattern, segment string) bool {
		return strings.HasPrefix(pattern, "{") || pattern == segment
	})
}

// params returns the values of the template's parameters by their names.
func (t *template) params(segments []string) (map[string]string, error) {
	params := map[string]string{}
	for i, pattern := range t.segments {
		if !strings.HasPrefix(pattern, "{") {
			continue
		}
		name, value := strings.Trim(pattern, "{}"), segments[i]
		if slices.Contains(decodedTwice, name) {
			decoded, err := url.PathUnescape(value)
			if err != nil {
				return nil, badRequest("the service decodes %s twice, and %q cannot be decoded again", name, value)
			}
			value = decoded
		}
		params[name] = value
	}
	return params, nil
}

// splitPath returns the decoded segments of an escaped path, which begins with a slash.
func splitPath(path string) ([]string, error) {
	segments := strings.Split(path, "/")[1:]
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return nil, badRequest("path segment %q is not escaped correctly", segment)
		}
		if decoded == "" || decoded == "." || decoded == ".." {
			return nil, badRequest("path %q has an empty, \".\" or \"..\" segment, which a proxy may turn into another endpoint", path)
		}
		segments[i] = decoded
	}
	return segments, nil
}
