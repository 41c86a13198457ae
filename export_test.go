package pulumiapi

// EncodeRequest encodes a value as a request's body is: with its secrets.
var EncodeRequest = requestEncoder.Encode
