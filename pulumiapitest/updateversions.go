package pulumiapitest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

var updateVersionRoutes = []route{
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest",
		handle:   ofVersion((*Server).getVersion),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}",
		handle:   ofVersion((*Server).getVersion),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/summary",
		handle:   ofVersion((*Server).summarizeVersion),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/timeline",
		handle:   ofVersion((*Server).getTimeline),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/timeline",
		handle:   ofVersion((*Server).getTimeline),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/{version}/previews",
		query:    []string{"asc", pageParam, pageSizeParam},
		handle:   (*Server).listPreviews,
	},
	{
		endpoint: "GET /api/console/stacks/{orgName}/{projectName}/{stackName}/updates/latest/summary",
		handle:   ofVersion((*Server).describeVersion),
	},
	{
		endpoint: "GET /api/console/stacks/{orgName}/{projectName}/{stackName}/updates/{updateID}/summary",
		handle:   ofUpdate((*Server).describeVersion, func(*update) bool { return true }),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/previews/{updateID}",
		handle:   ofUpdate((*Server).getVersion, (*update).preview),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/previews/{updateID}/summary",
		handle:   ofUpdate((*Server).summarizeVersion, (*update).preview),
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/activity",
		query:    []string{pageParam, pageSizeParam},
		handle:   (*Server).listActivity,
	},
}

// aboutUpdate handles a call that is about an update.
type aboutUpdate func(*Server, *stack, *update) (reply, error)

// ofVersion returns the handler of a call about the update that made a stack the
// version that the path names, or the last one.
func ofVersion(handle aboutUpdate) func(*Server, *call) (reply, error) {
	return func(s *Server, c *call) (reply, error) {
		st, err := s.findStack(c)
		if err != nil {
			return reply{}, err
		}
		version, err := st.versionOf(c)
		if err != nil {
			return reply{}, err
		}
		for _, u := range st.history {
			if !u.preview() && u.version == version {
				return handle(s, st, u)
			}
		}
		return reply{}, notFound("Update %d of stack '%s' not found", version, st)
	}
}

// versionOf returns the version that the path names, or that of now.
func (st *stack) versionOf(c *call) (int, error) {
	text, named := c.params["version"]
	if !named {
		return st.version, nil
	}
	version, err := strconv.Atoi(text)
	if err != nil {
		return 0, badRequest("invalid 'version' parameter: %q", text)
	}
	return version, nil
}

// ofUpdate returns the handler of a call about the update whose ID the path has.
func ofUpdate(handle aboutUpdate, fits func(*update) bool) func(*Server, *call) (reply, error) {
	return func(s *Server, c *call) (reply, error) {
		st, u, err := s.findUpdate(c)
		if err != nil {
			return reply{}, err
		}
		if !fits(u) {
			return reply{}, notFound("Update '%s' not found", u.id)
		}
		return handle(s, st, u)
	}
}

func (s *Server) getVersion(st *stack, u *update) (reply, error) {
	return ok(u.wire(st.version)), nil
}

type wireUpdateSummary struct {
	EndTime       int64  `json:"endTime"`
	ResourceCount int    `json:"resourceCount"`
	Result        string `json:"result"`
	StartTime     int64  `json:"startTime"`
}

func (u *update) summary() wireUpdateSummary {
	info := u.info()
	w := wireUpdateSummary{EndTime: info.EndTime, Result: info.Result, StartTime: info.StartTime}
	if info.ResourceCount != nil {
		w.ResourceCount = *info.ResourceCount
	}
	return w
}

// lastSummary is of the last update, as far as it is known.
func (st *stack) lastSummary() wireUpdateSummary {
	for _, u := range slices.Backward(st.history) {
		if !u.preview() {
			return u.summary()
		}
	}
	w := wireUpdateSummary{ResourceCount: st.resourceCount, Result: "not-started"}
	if st.version > 0 {
		w.Result, w.StartTime, w.EndTime = string(Succeeded), unixSeconds(st.lastUpdate), unixSeconds(st.lastUpdate)
	}
	return w
}

func (s *Server) summarizeVersion(_ *stack, u *update) (reply, error) {
	return ok(u.summary()), nil
}

// describeVersion tells less than the command line does.
func (s *Server) describeVersion(_ *stack, u *update) (reply, error) {
	text := strings.Builder{}
	fmt.Fprintf(&text, "%s: %s\n", u.Kind, u.info().Result)
	for _, op := range slices.Sorted(maps.Keys(u.ResourceChanges)) {
		fmt.Fprintf(&text, "    %d %s\n", u.ResourceChanges[op], op)
	}
	return ok(map[string]string{"summary": text.String()}), nil
}

type wireTimeline struct {
	CollatedUpdateEvents []wireUpdate `json:"collatedUpdateEvents"`
	Previews             []wireUpdate `json:"previews"`
	Update               wireUpdate   `json:"update"`
}

// getTimeline counts the previews since the update before: those of the same
// commit belong to it. Of pull requests the cloud knows nothing.
func (s *Server) getTimeline(st *stack, u *update) (reply, error) {
	timeline := wireTimeline{
		CollatedUpdateEvents: []wireUpdate{}, Previews: []wireUpdate{}, Update: u.wire(st.version),
	}
	for _, other := range st.history {
		if !other.preview() || other.version != u.version {
			continue
		}
		if commit := u.Environment["git.head"]; commit != "" && commit == other.Environment["git.head"] {
			timeline.CollatedUpdateEvents = append(timeline.CollatedUpdateEvents, other.wire(st.version))
		} else {
			timeline.Previews = append(timeline.Previews, other.wire(st.version))
		}
	}
	return ok(timeline), nil
}

type wireActivityList struct {
	Activity     []wireActivity `json:"activity"`
	ItemsPerPage int            `json:"itemsPerPage"`
	Total        int            `json:"total"`
}

type wireActivity struct {
	Update *wireUpdate `json:"update,omitempty"`
}

// listActivity lists updates and previews. There are no deployments in this cloud.
func (s *Server) listActivity(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	if err := checkPage(c); err != nil {
		return reply{}, err
	}
	found := slices.Clone(st.history)
	slices.Reverse(found)
	page, size, err := numberedPage(s, c, found)
	if err != nil {
		return reply{}, err
	}
	list := wireActivityList{Activity: []wireActivity{}, ItemsPerPage: size, Total: len(found)}
	for _, u := range page {
		list.Activity = append(list.Activity, wireActivity{new(u.wire(st.version))})
	}
	return ok(list), nil
}
