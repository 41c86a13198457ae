package pulumiapitest

var insightsTrialRoutes = []route{
	{endpoint: "GET /api/preview/insights/{orgName}/insightstrial/summary", handle: (*Server).getTrialSummary},
	{endpoint: "PUT /api/preview/insights/{orgName}/insightstrial/accept", handle: (*Server).acceptBilling},
	{endpoint: "PUT /api/preview/insights/{orgName}/insightstrial/deny", handle: (*Server).terminateTrial},
}

type wireConsumption struct {
	TotalConsumed       int64            `json:"totalConsumed"`
	Consumed            map[string]int64 `json:"consumed"`
	UnitRateSchema      string           `json:"unitRateSchema"`
	UnitRateGraduatedV2 map[string]any   `json:"unitRateGraduatedV2"`
}

func newConsumption(total int) wireConsumption {
	return wireConsumption{
		TotalConsumed: int64(total), Consumed: map[string]int64{"total": int64(total)}, UnitRateSchema: "graduated-v2",
		UnitRateGraduatedV2: map[string]any{"tiers": []map[string]any{{"tier": 0, "upperBound": 0, "flatFee": 0, "costPerResource": "$0.0005"}}},
	}
}

// getTrialSummary counts what there is.
func (s *Server) getTrialSummary(c *call) (reply, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return reply{}, err
	}
	var resources, scans int
	for _, a := range o.accounts {
		resources += len(a.resources)
		scans += len(a.scans)
	}
	return ok(map[string]any{"dhrum": newConsumption(resources), "insightsScans": newConsumption(scans)}), nil
}

// endTrial ends an organization's trial, which it has from its beginning.
func (s *Server) endTrial(c *call) (*organization, error) {
	o, err := s.findOrg(c)
	if err != nil {
		return nil, err
	}
	if o.trialEnded {
		return nil, badRequest("the Insights trial of organization '%s' has ended", o.name)
	}
	o.trialEnded = true
	return o, nil
}

func (s *Server) acceptBilling(c *call) (reply, error) {
	o, err := s.endTrial(c)
	if err != nil {
		return reply{}, err
	}
	s.log(c, o, AuditLogEvent{Event: "Insights Billing Accepted", Description: "Accepted to pay for Insights", RequiresOrgAdmin: true})
	return noContent, nil
}

func (s *Server) terminateTrial(c *call) (reply, error) {
	o, err := s.endTrial(c)
	if err != nil {
		return reply{}, err
	}
	o.accounts = nil
	s.log(c, o, AuditLogEvent{Event: "Insights Trial Terminated", Description: "Ended the trial of Insights", RequiresOrgAdmin: true})
	return noContent, nil
}
