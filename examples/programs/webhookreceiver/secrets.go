package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/examples/internal/program"
)

// secretVariable is the environment variable with the secret.
const secretVariable = "WEBHOOK_SECRET"

// readSecrets returns the secrets of the environment and of the file, if there is one.
func readSecrets(file string) ([]pulumiapi.Secret, error) {
	var secrets []pulumiapi.Secret
	if secret := os.Getenv(secretVariable); secret != "" {
		secrets = append(secrets, pulumiapi.NewSecret(secret))
	}
	if file != "" {
		text, err := os.ReadFile(file) //nolint:gosec // the path is the user's own
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" {
				secrets = append(secrets, pulumiapi.NewSecret(line))
			}
		}
		if len(secrets) == 0 {
			return nil, fmt.Errorf("%s has no secret in it", file)
		}
	}
	if len(secrets) == 0 {
		return nil, program.Usagef("there is no secret to verify deliveries with: set %s, or add -secret-file", secretVariable)
	}
	return secrets, nil
}
