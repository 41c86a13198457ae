package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
)

var insightsRoutes = []route{
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts",
		query:    []string{"count", "parent", "roleID", tokenParam},
		maxSize:  1000,
		handle:   (*Server).listAccounts,
	},
	{
		endpoint: "GET /api/preview/insights/{orgName}/accounts/{accountName}",
		handle:   (*Server).getAccount,
	},
	{
		endpoint: "POST /api/preview/insights/{orgName}/accounts/{accountName}",
		handle:   (*Server).createAccount,
	},
}

// InsightsAccount is an account of a cloud provider that Insights scans, see
// [Server.AddInsightsAccount].
type InsightsAccount struct {
	// Name identifies it in its organization. The children of an account ("Acme AWS")
	// have its name and a slash before theirs ("Acme AWS/us-east-1").
	Name string
	// Provider is the provider, as in "aws", and ProviderVersion the version of its
	// plugin.
	Provider, ProviderVersion string
	// Environment is the ESC environment with the credentials, as in
	// "insights/aws@2".
	Environment string
	// Scheduled says that it is scanned from time to time.
	Scheduled bool
	// AgentPoolID is the pool of agents that scan it, if it is not the default one.
	AgentPoolID string
	// ProviderConfig is JSON, as the provider wants it.
	ProviderConfig json.RawMessage
	// Owner is who owns it: the server's user, if it is left out.
	Owner User
	// Scan is the last scan, or nil.
	Scan *InsightsScan
}

// InsightsScan is a scan of an [InsightsAccount].
type InsightsScan struct {
	// ID identifies the scan. One is made up, if it is left out.
	ID string
	// Status is "running", "failed" or "succeeded".
	Status string
	// Started and Finished are its times. A scan that runs has not finished.
	Started, Finished time.Time
	// ResourceCount is the number of resources that were found.
	ResourceCount int
	// Log is what was printed meanwhile, line by line.
	Log []string
}

// AddInsightsAccount puts an account into an organization, which is created if
// there is none of the name. It fails if the account exists or its name is empty,
// or if its configuration is not JSON.
func (s *Server) AddInsightsAccount(org string, a InsightsAccount) error {
	if err := checkSeedName("account", a.Name); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.seededOrg(org)
	if err != nil {
		return err
	}
	if o.account(a.Name) != nil {
		return fmt.Errorf("pulumiapitest: account %q of organization %q exists", a.Name, org)
	}
	if a.ProviderConfig != nil && !json.Valid(a.ProviderConfig) {
		return fmt.Errorf("pulumiapitest: the configuration of account %q is not JSON", a.Name)
	}
	s.newAccount(o, a)
	return nil
}

// account is an Insights account in the cloud.
type account struct {
	InsightsAccount
	seq       int64 // its place in lists
	id        string
	scans     []*scan // the oldest first
	schedule  schedule
	tags      map[string]wireAccountTag
	teams     map[string]int // permissions by the team's name
	resources []*discoveredResource
}

func (s *Server) newAccount(o *organization, a InsightsAccount) *account {
	a.ProviderConfig = bytes.Clone(a.ProviderConfig)
	if a.Owner.Login == "" {
		a.Owner = testUser
	}
	seq := s.nextSerial()
	added := &account{
		InsightsAccount: a, seq: seq, id: fakeUUID(fmt.Sprintf("account %d", seq)),
		tags: map[string]wireAccountTag{}, teams: map[string]int{},
	}
	if a.Scheduled {
		added.schedule.cron = scheduleCrons["daily"]
	}
	if a.Scan != nil {
		s.newScan(added, *a.Scan)
	}
	o.accounts = append(o.accounts, added)
	return added
}

// account returns the account of a name, or nil.
func (o *organization) account(name string) *account {
	for _, a := range o.accounts {
		if a.Name == name {
			return a
		}
	}
	return nil
}

type wireAccountList struct {
	Accounts  []wireAccount `json:"accounts,omitempty"`
	NextToken *string       `json:"nextToken,omitempty"`
}

type wireAccount struct {
	ID                   string          `json:"id"`
	Name                 string          `json:"name"`
	OwnedBy              wireUser        `json:"ownedBy"`
	Provider             string          `json:"provider"`
	ProviderVersion      string          `json:"providerVersion,omitempty"`
	ProviderEnvRef       string          `json:"providerEnvRef"`
	ScheduledScanEnabled bool            `json:"scheduledScanEnabled"`
	AgentPoolID          string          `json:"agentPoolID,omitempty"`
	ProviderConfig       json.RawMessage `json:"providerConfig,omitempty"`
	ScanStatus           wireScan        `json:"scanStatus"`
}

func (o *organization) wireAccount(a *account) wireAccount {
	w := wireAccount{
		ID: a.id, Name: a.Name, OwnedBy: a.Owner.wire(), Provider: a.Provider, ProviderVersion: a.ProviderVersion,
		ProviderEnvRef: a.Environment, ScheduledScanEnabled: a.Scheduled, AgentPoolID: a.AgentPoolID, ProviderConfig: a.ProviderConfig,
		ScanStatus: wireScan{FinishedAt: &time.Time{}},
	}
	if last := a.lastScan(); last != nil {
		w.ScanStatus = o.wireScan(last)
	}
	return w
}

// listAccounts takes the parameter roleID for granted, as there are no roles that
// would hide an account.
func (s *Server) listAccounts(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	found := o.accounts
	if parent := c.query.Get("parent"); parent != "" {
		if o.account(parent) == nil {
			return reply{}, notFound("Account '%s' not found", parent)
		}
		found = o.children(parent)
	}
	page, next, err := tokenPage(s, c, "count", found, func(a *account) int64 { return a.seq })
	if err != nil {
		return reply{}, err
	}
	list := wireAccountList{NextToken: next}
	for _, a := range page {
		list.Accounts = append(list.Accounts, o.wireAccount(a))
	}
	return ok(list), nil
}

func (s *Server) getAccount(c *call) (reply, error) {
	o, a, err := s.findAccount(c)
	if err != nil {
		return reply{}, err
	}
	return ok(o.wireAccount(a)), nil
}

// findAccount returns the account that the path names, or the error for the client.
func (s *Server) findAccount(c *call) (*organization, *account, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, nil, err
	}
	a := o.account(c.param("accountName"))
	if a == nil {
		return nil, nil, notFound("Account '%s' not found", c.param("accountName"))
	}
	return o, a, nil
}

// children returns the accounts below one.
func (o *organization) children(parent string) []*account {
	var found []*account
	for _, a := range o.accounts {
		if strings.HasPrefix(a.Name, parent+"/") {
			found = append(found, a)
		}
	}
	return found
}

// parent returns the account that one is a child of, or nil.
func (o *organization) parent(child *account) *account {
	for i := strings.LastIndex(child.Name, "/"); i > 0; i = strings.LastIndex(child.Name[:i], "/") {
		if parent := o.account(child.Name[:i]); parent != nil {
			return parent
		}
	}
	return nil
}

type wireCreateAccountRequest struct {
	Provider       string          `json:"provider"`
	Environment    string          `json:"environment"`
	Cron           string          `json:"cron"`
	ScanSchedule   string          `json:"scanSchedule"`
	AgentPoolID    string          `json:"agentPoolID"`
	ProviderConfig json.RawMessage `json:"providerConfig"`
}

var (
	insightsProviders = []string{"aws", "gcp", "azure-native", "oci", "kubernetes"}
	scanSchedules     = []string{"", "none", "12h", "daily"}
	environmentRule   = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+(@[A-Za-z0-9_.-]+)?$`)
)

func (req *wireCreateAccountRequest) check() error {
	if !slices.Contains(insightsProviders, req.Provider) {
		return badRequest("invalid provider '%s': it must be one of %s", req.Provider, strings.Join(insightsProviders, ", "))
	}
	return checkAccount(req.Environment, req.ScanSchedule, req.ProviderConfig)
}

// checkAccount checks what an account may be created with and changed to.
func checkAccount(environment, scanSchedule string, config json.RawMessage) error {
	switch {
	case !environmentRule.MatchString(environment):
		return badRequest("invalid environment '%s': it must be project/environment, with @version or without", environment)
	case !slices.Contains(scanSchedules, scanSchedule):
		return badRequest("invalid scanSchedule '%s': it must be none, 12h or daily", scanSchedule)
	case config != nil && string(config) != "null" && !isObject(config):
		return badRequest("invalid providerConfig: it must be a JSON object")
	}
	return nil
}

// createAccount takes it that the environment exists. Nothing scans by itself.
func (s *Server) createAccount(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var req wireCreateAccountRequest
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if _, err := s.openAccount(c, o, c.param("accountName"), req); err != nil {
		return reply{}, err
	}
	return noContent, nil
}

// openAccount puts an account into an organization for a client.
func (s *Server) openAccount(c *call, o *organization, name string, req wireCreateAccountRequest) (*account, error) {
	if name == "" || name == "." || name == ".." || strings.ContainsFunc(name, unicode.IsControl) || len(name) > 255 {
		return nil, badRequest("invalid account name %q", name)
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	if o.account(name) != nil {
		return nil, conflict("Account '%s' already exists", name)
	}
	if string(req.ProviderConfig) == "null" {
		req.ProviderConfig = nil
	}
	a := s.newAccount(o, InsightsAccount{
		Name: name, Provider: req.Provider, Environment: req.Environment, AgentPoolID: req.AgentPoolID, ProviderConfig: req.ProviderConfig,
	})
	a.setSchedule(cmp.Or(req.Cron, scheduleCrons[req.ScanSchedule]))
	s.log(c, o, AuditLogEvent{
		Event: "Insights Account Created", Description: fmt.Sprintf("Created Insights account %q", name), RequiresOrgAdmin: true,
	})
	return a, nil
}
