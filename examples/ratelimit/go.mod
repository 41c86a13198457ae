module github.com/pulumiapi/pulumiapi/examples/ratelimit

go 1.26.0

replace github.com/pulumiapi/pulumiapi => ../..

require (
	github.com/pulumiapi/pulumiapi v0.0.0-00010101000000-000000000000
	golang.org/x/sync v0.24.0
	golang.org/x/time v0.16.0
)

require github.com/klauspost/compress v1.20.3 // indirect

require (
	github.com/go-json-experiment/json v0.0.0-20260820222146-c27c302e5fc3 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
