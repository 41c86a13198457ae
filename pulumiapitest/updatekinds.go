package pulumiapitest

// updateKindRoutes are the paths that some kinds of updates have of their own,
// beside …/update/{updateID}, which serves all of them.
func updateKindRoutes() []route {
	var routes []route
	for _, kind := range []string{"preview", "refresh", "destroy"} {
		of := func(handle func(*Server, *call) (reply, error)) func(*Server, *call) (reply, error) {
			return func(s *Server, c *call) (reply, error) {
				_, u, err := s.findUpdate(c)
				if err != nil {
					return reply{}, err
				}
				if err := u.checkSegment(kind); err != nil {
					return reply{}, err
				}
				return handle(s, c)
			}
		}
		path := "GET /api/stacks/{orgName}/{projectName}/{stackName}/" + kind + "/{updateID}"
		routes = append(routes,
			route{endpoint: path, query: []string{tokenParam}, handle: of((*Server).getUpdateStatus)},
			route{endpoint: path + "/events", query: engineEventRoutes[0].query, handle: of((*Server).listEngineEvents)},
		)
	}
	return routes
}
