package pulumiapitest

import "github.com/pulumiapi/pulumiapi"

// Client returns a client for the server, on the in-memory network, with the
// user's token and the defaults for everything else.
func (s *Server) Client() *pulumiapi.Client {
	client, err := pulumiapi.NewClient(s.Options()...)
	if err != nil {
		panic("pulumiapitest: the server's own options are refused: " + err.Error()) // only if this package is broken
	}
	return client
}

// Options returns the options that [Server.Client] is made with: base URL, token
// and HTTP client. Append others for a client with a retry policy of its own,
// say, or another token.
func (s *Server) Options() []pulumiapi.Option {
	return []pulumiapi.Option{
		pulumiapi.WithBaseURL(BaseURL),
		pulumiapi.WithToken(s.Token()),
		pulumiapi.WithHTTPClient(s.HTTPClient()),
	}
}
