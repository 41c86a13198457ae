package repo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// TestReference_FixturesAreTheDocumentations compares the fixtures with the
// published documentation, in the folder that PULUMI_REFERENCE names.
func TestReference_FixturesAreTheDocumentations(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("PULUMI_REFERENCE")
	if folder == "" {
		t.Skip("PULUMI_REFERENCE does not name a folder with the service's documentation")
	}
	texts, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, texts, "no documentation in %s", folder)
	var documentation strings.Builder
	for _, name := range texts {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		documentation.Write(text)
	}
	fixtures, err := os.ReadDir("testdata")
	require.NoError(t, err)
	compared := 0
	for _, fixture := range fixtures {
		if fixture.IsDir() {
			continue
		}
		compared++
		body := strings.TrimSpace(string(testkit.Fixture(t, fixture.Name())))
		assert.Contains(t, documentation.String(), body, "testdata/%s is not what the documentation shows", fixture.Name())
	}
	assert.Positive(t, compared, "there are no fixtures")
}
