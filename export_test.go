package pulumiapi

// RefreshTokenSourceOf returns a source that renews a login by means of client.
func RefreshTokenSourceOf(client *Client, refreshToken Secret) TokenSource {
	return &refreshTokenSource{client: client, refreshToken: refreshToken}
}

// EncodeRequest encodes a value as a request's body is: with its secrets.
func EncodeRequest(v any) ([]byte, error) {
	data, _, err := encodeRequest(v)
	return data, err
}
