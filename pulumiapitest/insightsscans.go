package pulumiapitest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

var insightsScanRoutes = []route{
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/scan",
		handle:   (*Server).getScanStatus,
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/scan",
		handle:   (*Server).startScan,
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/scan/cancel",
		handle:   (*Server).cancelScan,
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/scan/pause",
		handle:   func(s *Server, c *call) (reply, error) { return s.pauseScans(c, true) },
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}/scan/resume",
		handle:   func(s *Server, c *call) (reply, error) { return s.pauseScans(c, false) },
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/scan/settings",
		handle:   (*Server).getScanSettings,
	},
	{
		endpoint: "PUT /api/preview/insights/{orgName}/accounts/{accountName}/scan/settings",
		handle:   (*Server).updateScanSettings,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/scans",
		query:    []string{"pageSize", tokenParam},
		maxSize:  1000,
		handle:   (*Server).listScans,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}",
		handle:   (*Server).getScan,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}/scans/{scanId}/logs",
		query:    []string{"count", "job", "offset", "step", tokenParam},
		maxSize:  499, // by what the service refuses, and not by what it describes
		handle:   (*Server).getScanLogs,
	},
}

// scan is a scan of an account.
type scan struct {
	InsightsScan
	account *account
	seq     int64
}

func (s *Server) newScan(a *account, seed InsightsScan) *scan {
	sc := &scan{seed, a, s.nextSerial()}
	if sc.ID == "" {
		sc.ID = fakeUUID(fmt.Sprintf("scan %d", sc.seq))
	}
	sc.Log = slices.Clone(seed.Log)
	a.scans = append(a.scans, sc)
	return sc
}

// lastScan returns an account's last scan, or nil.
func (a *account) lastScan() *scan {
	if len(a.scans) == 0 {
		return nil
	}
	return a.scans[len(a.scans)-1]
}

// runningScan returns an account's scan that runs, or nil.
func (a *account) runningScan() *scan {
	if last := a.lastScan(); last != nil && last.Status == scanRunning {
		return last
	}
	return nil
}

const scanRunning = "running"

// end ends a scan that runs.
func (sc *scan) end(status Result) {
	sc.Status, sc.Finished = string(status), time.Now()
	sc.ResourceCount = len(sc.account.resources)
}

// wireScan of an account that was never scanned is there, too, with nothing in it.
type wireScan struct {
	ID            string        `json:"id"`
	OrgID         string        `json:"orgId"`
	UserID        string        `json:"userId"`
	Status        string        `json:"status"`
	StartedAt     time.Time     `json:"startedAt"`
	FinishedAt    *time.Time    `json:"finishedAt"` // null while it runs
	LastUpdatedAt time.Time     `json:"lastUpdatedAt"`
	JobTimeout    time.Time     `json:"jobTimeout"`
	Jobs          []wireScanJob `json:"jobs,omitempty"`
	AccountName   string        `json:"accountName,omitempty"`
	ResourceCount *int          `json:"resourceCount,omitempty"`
}

type wireScanJob struct {
	Status      string         `json:"status"`
	Started     time.Time      `json:"started"`
	LastUpdated time.Time      `json:"lastUpdated"`
	Timeout     time.Duration  `json:"timeout"`
	Steps       []wireScanStep `json:"steps"`
}

type wireScanStep struct {
	Name        string    `json:"name"`
	Status      string    `json:"status"`
	Started     time.Time `json:"started"`
	LastUpdated time.Time `json:"lastUpdated"`
}

const (
	scanTimeout = time.Hour
	scanStep    = "Discover resources"
)

// wireScan has one job with one step, which is what is known of a scan.
func (o *organization) wireScan(scan *scan) wireScan {
	w := wireScan{
		ID: scan.ID, OrgID: fakeUUID("organization " + o.name), UserID: fakeUUID("user " + scan.account.Owner.Login), Status: scan.Status,
		StartedAt: scan.Started.UTC(), LastUpdatedAt: scan.Started.UTC(), JobTimeout: scan.Started.UTC().Add(scanTimeout),
		AccountName: scan.account.Name,
	}
	if !scan.Finished.IsZero() {
		w.FinishedAt = new(scan.Finished.UTC())
		w.LastUpdatedAt = scan.Finished.UTC()
		w.ResourceCount = new(scan.ResourceCount)
	}
	w.Jobs = []wireScanJob{{
		Status: w.Status, Started: w.StartedAt, LastUpdated: w.LastUpdatedAt, Timeout: scanTimeout,
		Steps: []wireScanStep{{Name: scanStep, Status: w.Status, Started: w.StartedAt, LastUpdated: w.LastUpdatedAt}},
	}}
	return w
}

// FinishInsightsScan ends the scan of an account that runs, with the status
// [Succeeded] or [Failed]. Its resources are those that were put into the account:
// scans of clients find none by themselves, and run until this ends them. It fails
// if there is no such account or none runs.
func (s *Server) FinishInsightsScan(org, name string, status Result) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.seededAccount(org, name)
	if err != nil {
		return err
	}
	if status != Succeeded && status != Failed {
		return fmt.Errorf("pulumiapitest: a scan does not end with the status %q", status)
	}
	running := a.runningScan()
	if running == nil {
		return fmt.Errorf("pulumiapitest: account %q of organization %q is not being scanned", name, org)
	}
	running.end(status)
	return nil
}

// LogInsightsScan adds lines to the log of an account's last scan. It fails if
// there is no such account or no scan.
func (s *Server) LogInsightsScan(org, name string, lines ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, err := s.seededAccount(org, name)
	if err != nil {
		return err
	}
	last := a.lastScan()
	if last == nil {
		return fmt.Errorf("pulumiapitest: account %q of organization %q was never scanned", name, org)
	}
	last.Log = append(last.Log, lines...)
	return nil
}

// seededAccount returns the account that a test names.
func (s *Server) seededAccount(org, name string) (*account, error) {
	if o := s.orgs[org]; o != nil {
		if a := o.account(name); a != nil {
			return a, nil
		}
	}
	return nil, fmt.Errorf("pulumiapitest: there is no account %q of organization %q", name, org)
}

// schedule says when and how an account is scanned, if it has a cron expression.
// Nobody follows it.
type schedule struct {
	cron   string
	paused bool
	limits wireScanLimits
}

type wireScanLimits struct {
	ListConcurrency *int
	ReadConcurrency *int
	BatchSize       *int
	ReadTimeout     *string
}

var scheduleCrons = map[string]string{"12h": "0 */12 * * *", "daily": "0 0 * * *"}

func (a *account) setSchedule(cron string) {
	a.schedule.cron, a.Scheduled = cron, cron != ""
}

type wireScanStatus struct {
	wireScan
	NextScan string `json:"nextScan,omitempty"`
}

// getScanStatus plans the next scan for a day after the last.
func (s *Server) getScanStatus(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	last := a.lastScan()
	if last == nil {
		return reply{}, notFound("Scan for account '%s' not found", a.Name)
	}
	w := wireScanStatus{wireScan: o.wireScan(last)}
	w.AccountName, w.ResourceCount = "", nil // which only lists tell
	if a.Scheduled && !a.schedule.paused {
		w.NextScan = last.Started.UTC().Add(24 * time.Hour).Format(time.RFC3339)
	}
	return ok(w), nil
}

// startScan lets the scan run until a test ends it.
func (s *Server) startScan(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req struct {
		ListConcurrency *int    `json:"listConcurrency"`
		ReadConcurrency *int    `json:"readConcurrency"`
		BatchSize       *int    `json:"batchSize"`
		ReadTimeout     *string `json:"readTimeout"`
		AgentPoolID     *string `json:"agentPoolID"`
	}
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if err := checkTimeout(req.ReadTimeout); err != nil {
		return reply{}, err
	}
	children := o.children(a.Name)
	for _, one := range append(children, a) {
		if one.runningScan() != nil {
			return reply{}, badRequest("a scan of account '%s' is already in progress", one.Name)
		}
	}
	s.logAccount(c, o, a, "Scan Started", "Started a scan of Insights account %q")
	for _, child := range children {
		s.newScan(child, InsightsScan{Status: scanRunning, Started: time.Now()})
	}
	if len(children) > 0 {
		return noContent, nil
	}
	w := o.wireScan(s.newScan(a, InsightsScan{Status: scanRunning, Started: time.Now()}))
	w.AccountName = ""
	return ok(w), nil
}

func checkTimeout(text *string) error {
	if text == nil {
		return nil
	}
	if _, err := time.ParseDuration(*text); err != nil {
		return badRequest("invalid readTimeout: %q is no duration", *text)
	}
	return nil
}

// cancelScan is content if nothing runs. A scan that was cancelled has failed, as
// there is no other status for it.
func (s *Server) cancelScan(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	if running := a.runningScan(); running != nil {
		running.end(Failed)
		s.logAccount(c, o, a, "Scan Cancelled", "Cancelled a scan of Insights account %q")
	}
	return noContent, nil
}

func (s *Server) pauseScans(c *call, paused bool) (reply, error) {
	_, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	a.schedule.paused = paused
	return noContent, nil
}

type wireScanSettings struct {
	ListConcurrency *int    `json:"listConcurrency,omitempty"`
	ReadConcurrency *int    `json:"readConcurrency,omitempty"`
	BatchSize       *int    `json:"batchSize,omitempty"`
	ReadTimeout     *string `json:"readTimeout,omitempty"`
	Paused          *bool   `json:"paused"`
	ScheduleCron    *string `json:"scheduleCron"`
}

func (s *Server) getScanSettings(c *call) (reply, error) {
	_, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	if !a.Scheduled {
		return reply{}, notFound("Scheduled scan for account '%s' not found", a.Name)
	}
	l := a.schedule.limits
	return ok(wireScanSettings{
		ListConcurrency: l.ListConcurrency, ReadConcurrency: l.ReadConcurrency, BatchSize: l.BatchSize, ReadTimeout: l.ReadTimeout,
		Paused: &a.schedule.paused, ScheduleCron: &a.schedule.cron,
	}), nil
}

func (s *Server) updateScanSettings(c *call) (reply, error) {
	_, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	var req wireScanSettings
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req.Paused == nil {
		return reply{}, badRequest("invalid request body: paused is required")
	}
	if err := checkTimeout(req.ReadTimeout); err != nil {
		return reply{}, err
	}
	if req.ScheduleCron != nil {
		if len(strings.Fields(*req.ScheduleCron)) != 5 {
			return reply{}, badRequest("Invalid scan schedule")
		}
		a.setSchedule(*req.ScheduleCron)
	}
	a.schedule.paused = *req.Paused
	a.schedule.limits = wireScanLimits{req.ListConcurrency, req.ReadConcurrency, req.BatchSize, req.ReadTimeout}
	return noContent, nil
}

// scansOf returns the scans of an account and its children, the newest first.
func (o *organization) scansOf(a *account) []*scan {
	scans := slices.Clone(a.scans)
	for _, child := range o.children(a.Name) {
		scans = append(scans, child.scans...)
	}
	slices.SortFunc(scans, func(a, b *scan) int { return cmp.Compare(b.seq, a.seq) })
	return scans
}

func (s *Server) listScans(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	page, next, err := tokenPage(s, c, "pageSize", o.scansOf(a), func(sc *scan) int64 { return math.MaxInt64 - sc.seq })
	if err != nil {
		return reply{}, err
	}
	list := []wireScan{}
	for _, sc := range page {
		list = append(list, o.wireScan(sc))
	}
	return ok(withToken(map[string]any{"scanStatuses": list}, tokenParam, next)), nil
}

// findScan returns the scan that the path names.
func (s *Server) findScan(c *call) (*organization, *scan, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return nil, nil, err
	}
	for _, sc := range o.scansOf(a) {
		if sc.ID == c.param("scanId") {
			return o, sc, nil
		}
	}
	return nil, nil, notFound("Scan '%s' not found", c.param("scanId"))
}

func (s *Server) getScan(c *call) (reply, error) {
	o, sc, err := s.findScan(c)
	if err != nil {
		return reply{}, err
	}
	return ok(o.wireScan(sc)), nil
}

type wireLogLine struct {
	Header    string    `json:"header,omitempty"`
	Timestamp time.Time `json:"timestamp"`
	Line      string    `json:"line"`
}

// getScanLogs knows one job with one step.
func (s *Server) getScanLogs(c *call) (reply, error) {
	_, sc, err := s.findScan(c)
	if err != nil {
		return reply{}, err
	}
	lines := []wireLogLine{}
	for _, text := range sc.Log {
		lines = append(lines, wireLogLine{Timestamp: sc.Started.UTC(), Line: text})
	}
	if c.query.Has("job") {
		return stepLog(c, lines)
	}
	if len(lines) > 0 {
		lines[0].Header = scanStep
	}
	page, next, err := followPage(s, c, "count", sc.ID, sc.Status != scanRunning, lines)
	if err != nil {
		return reply{}, err
	}
	return ok(withToken(map[string]any{"__type": "DeploymentLogs", "lines": page}, "nextToken", next)), nil
}

// stepLogLines is how many lines of a step's log come at once.
const stepLogLines = 100

// stepLog takes offsets for bytes of the log, where each line ends with one.
func stepLog(c *call, lines []wireLogLine) (reply, error) {
	numbers := map[string]int{}
	for _, name := range []string{"job", "step", "offset"} {
		n, err := c.intQuery(name)
		if err != nil {
			return reply{}, err
		}
		numbers[name] = n
	}
	if numbers["job"] != 0 || numbers["step"] != 0 || numbers["offset"] < 0 {
		return reply{}, badRequest("there is no step %d of job %d, or nothing at %d", numbers["step"], numbers["job"], numbers["offset"])
	}
	answer, page, at := map[string]any{"__type": "DeploymentLogsStep", "name": scanStep}, []wireLogLine{}, 0
	for _, line := range lines {
		if len(page) == stepLogLines {
			answer["nextOffset"] = at
			break
		}
		if at >= numbers["offset"] {
			page = append(page, line)
		}
		at += len(line.Line) + 1
	}
	answer["lines"] = page
	return ok(answer), nil
}
