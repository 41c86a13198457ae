package pulumiapitest

import (
	"net/url"
	"slices"
	"strconv"
)

var updateRoutes = []route{
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates",
		query:    []string{"output-type", pageParam, pageSizeParam},
		handle:   (*Server).listUpdates,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/updates/latest/previews",
		query:    []string{"asc", pageParam, pageSizeParam},
		handle:   (*Server).listPreviews,
	},
	{
		endpoint: "GET /api/stacks/{orgName}/{projectName}/{stackName}/update/{updateID}",
		query:    []string{tokenParam},
		handle:   (*Server).getUpdateStatus,
	},
}

// findUpdate returns the update that the path names, and its stack.
func (s *Server) findUpdate(c *call) (*stack, *update, error) {
	st, err := s.findStack(c)
	if err != nil {
		return nil, nil, err
	}
	u := st.updates[c.param("updateID")]
	if u == nil {
		return nil, nil, notFound("Update '%s' not found", c.param("updateID"))
	}
	return st, u, nil
}

type wireUpdateList struct {
	Updates      []wireUpdate `json:"updates"`
	ItemsPerPage int          `json:"itemsPerPage"`
	Total        int          `json:"total"`
}

// wireOlderUpdateList is the form that the service sends unless it is asked for
// its own.
type wireOlderUpdateList struct {
	Updates []wireUpdateInfo `json:"updates"`
}

type wireUpdate struct {
	Info             wireUpdateInfo   `json:"info"`
	UpdateID         string           `json:"updateID"`
	GitHubCommitInfo *wireCommit      `json:"githubCommitInfo,omitempty"`
	Version          int              `json:"version"`
	LatestVersion    int              `json:"latestVersion"`
	RequestedBy      wireUser         `json:"requestedBy"`
	RequestedByToken string           `json:"requestedByToken,omitempty"`
	PolicyPacks      []wirePolicyPack `json:"policyPacks,omitempty"`
}

type wireUpdateInfo struct {
	Kind            string                     `json:"kind"`
	StartTime       int64                      `json:"startTime"`
	Message         string                     `json:"message"`
	Environment     map[string]string          `json:"environment"`
	Config          map[string]wireConfigValue `json:"config"`
	Result          string                     `json:"result"`
	EndTime         int64                      `json:"endTime"`
	Version         int                        `json:"version"`
	ResourceChanges map[string]int             `json:"resourceChanges,omitempty"`
	ResourceCount   *int                       `json:"resourceCount,omitempty"`
}

type wireConfigValue struct {
	String string `json:"string"`
	Secret bool   `json:"secret"`
	Object bool   `json:"object"`
}

type wireUser struct {
	Name        string `json:"name"`
	GitHubLogin string `json:"githubLogin"`
	AvatarURL   string `json:"avatarUrl"`
}

type wireCommit struct {
	Slug    string   `json:"slug"`
	SHA     string   `json:"sha"`
	URL     string   `json:"url"`
	Message string   `json:"message,omitempty"`
	Author  wireUser `json:"author"`
}

type wirePolicyPack struct {
	Name        string                    `json:"name"`
	DisplayName string                    `json:"displayName"`
	Version     int                       `json:"version"`
	VersionTag  string                    `json:"versionTag"`
	Config      map[string]map[string]any `json:"config,omitempty"`
}

func (u *update) info() wireUpdateInfo {
	info := wireUpdateInfo{
		Kind:            u.Kind,
		StartTime:       unixSeconds(u.Started),
		Message:         u.Message,
		Environment:     u.Environment,
		Config:          map[string]wireConfigValue{},
		Result:          "in-progress",
		EndTime:         unixSeconds(u.Ended),
		Version:         u.version,
		ResourceChanges: u.ResourceChanges,
		ResourceCount:   u.ResourceCount,
	}
	if info.Environment == nil {
		info.Environment = map[string]string{}
	}
	for key, value := range u.Config {
		info.Config[key] = wireConfigValue(value)
	}
	switch {
	case u.Result == Cancelled: // for which this enum has no word
		info.Result = string(Failed)
	case u.ended():
		info.Result = string(u.Result)
	}
	return info
}

func (u *update) wire(latestVersion int) wireUpdate {
	w := wireUpdate{
		Info:             u.info(),
		UpdateID:         u.id,
		GitHubCommitInfo: u.commit(),
		Version:          u.version,
		LatestVersion:    latestVersion,
		RequestedBy:      u.RequestedBy.wire(),
		RequestedByToken: u.RequestedByToken,
	}
	for _, pack := range u.PolicyPacks {
		w.PolicyPacks = append(w.PolicyPacks, wirePolicyPack(pack))
	}
	return w
}

func (u User) wire() wireUser {
	w := wireUser{Name: u.Name, GitHubLogin: u.Login}
	if w.Name == "" {
		w.Name = u.Login
	}
	if u.Login != "" {
		w.AvatarURL = "https://avatars.pulumi.test/" + url.PathEscape(u.Login)
	}
	return w
}

// commit returns the commit that was deployed, nil if it is not known.
func (u *update) commit() *wireCommit {
	commit := u.Commit
	if env := u.Environment; commit == nil {
		if env["vcs.kind"] != "github.com" || env["vcs.owner"] == "" || env["vcs.repo"] == "" || env["git.head"] == "" {
			return nil
		}
		commit = &Commit{
			Slug:    env["vcs.owner"] + "/" + env["vcs.repo"],
			SHA:     env["git.head"],
			Message: u.Message, // the engine's default for it is the commit's
			Author:  User{Name: env["git.author"]},
		}
	}
	return &wireCommit{
		Slug:    commit.Slug,
		SHA:     commit.SHA,
		URL:     "https://github.com/" + commit.Slug + "/commit/" + commit.SHA,
		Message: commit.Message,
		Author:  commit.Author.wire(),
	}
}

func (s *Server) listUpdates(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	older := s.selfHosted
	switch outputType := c.query.Get("output-type"); outputType {
	case "", "cli":
		older = true
	case "service":
	default:
		return reply{}, badRequest("invalid query parameter: output-type must be service or cli, not %q", outputType)
	}
	var found []*update
	for _, u := range slices.Backward(st.history) {
		if !u.preview() {
			found = append(found, u)
		}
	}
	page, size, err := numberedPage(s, c, found)
	if err != nil {
		return reply{}, err
	}
	if older {
		list := wireOlderUpdateList{Updates: []wireUpdateInfo{}}
		for _, u := range page {
			list.Updates = append(list.Updates, u.info())
		}
		return ok(list), nil
	}
	return ok(st.wireUpdates(page, size, len(found))), nil
}

func (st *stack) wireUpdates(page []*update, size, total int) wireUpdateList {
	list := wireUpdateList{Updates: []wireUpdate{}, ItemsPerPage: size, Total: total}
	for _, u := range page {
		list.Updates = append(list.Updates, u.wire(st.version))
	}
	return list
}

// checkPage refuses a page of no size, and a size without a page.
func checkPage(c *call) error {
	page, err := c.intQuery(pageParam)
	if err != nil {
		return err
	}
	size, err := c.intQuery(pageSizeParam)
	if err != nil {
		return err
	}
	switch {
	case page > 0 && size < 1:
		return badRequest("Invalid '%s' value. Must be >= 1.", pageSizeParam)
	case page == 0 && size != 0:
		return badRequest("Invalid '%s' value. Must be 0 or left out when there is no page.", pageSizeParam)
	}
	return nil
}

// listPreviews lists the previews at the version that the path names, or at that of
// now.
func (s *Server) listPreviews(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	ascending, err := c.boolQuery("asc")
	if err != nil {
		return reply{}, err
	}
	if err := checkPage(c); err != nil {
		return reply{}, err
	}
	version, err := st.versionOf(c)
	if err != nil {
		return reply{}, err
	}
	var found []*update
	for _, u := range st.history {
		if u.preview() && u.version == version+1 { // since that update, and before the next
			found = append(found, u)
		}
	}
	if !ascending {
		slices.Reverse(found)
	}
	previews, size, err := numberedPage(s, c, found)
	if err != nil {
		return reply{}, err
	}
	return ok(st.wireUpdates(previews, size, len(found))), nil
}

type wireUpdateResults struct {
	Status            string           `json:"status"`
	Events            []wireOutputLine `json:"events"`
	ContinuationToken *string          `json:"continuationToken,omitempty"`
}

type wireOutputLine struct {
	Index  string            `json:"index"`
	Kind   string            `json:"kind"`
	Fields map[string]string `json:"fields"`
}

func (s *Server) getUpdateStatus(c *call) (reply, error) {
	_, u, err := s.findUpdate(c)
	if err != nil {
		return reply{}, err
	}
	lines := make([]wireOutputLine, len(u.Output))
	for i, line := range u.Output {
		lines[i] = wireOutputLine{Index: strconv.Itoa(i), Kind: "stdout", Fields: map[string]string{"text": line.Text}}
		if line.Stderr {
			lines[i].Kind = "stderr"
		}
	}
	results := wireUpdateResults{Status: u.status}
	results.Events, results.ContinuationToken, err = followPage(s, c, "", u.id, u.ended(), lines)
	if err != nil {
		return reply{}, err
	}
	return ok(results), nil
}
