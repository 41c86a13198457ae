package pulumiapi

// EncodeRequest encodes a value as a request's body is: with its secrets.
func EncodeRequest(v any) ([]byte, error) {
	data, _, err := encodeRequest(v)
	return data, err
}
