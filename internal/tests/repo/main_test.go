// Package repo_test holds the suites that look at the repository: its source, its pages
// and its fixtures.
package repo_test

import (
	"log"
	"os"
	"testing"

	"github.com/pulumiapi/pulumiapi/internal/source"
)

// Paths are those from the root of the repository.
func TestMain(m *testing.M) {
	root, err := source.Root()
	if err != nil {
		log.Fatal(err)
	}
	if err := os.Chdir(root); err != nil {
		log.Fatal(err)
	}
	m.Run()
}
