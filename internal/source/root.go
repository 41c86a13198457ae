package source

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Module is the library's module.
const Module = "github.com/pulumiapi/pulumiapi"

// Root returns the folder of the library's module, wherever in its repository
// the caller is.
func Root() (string, error) {
	output, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", Module).Output()
	if err != nil {
		return "", fmt.Errorf("source: looking for the module %s: %w", Module, err)
	}
	folder := strings.TrimSpace(string(output))
	if folder == "" {
		return "", fmt.Errorf("source: the module %s is not here", Module)
	}
	return folder, nil
}
