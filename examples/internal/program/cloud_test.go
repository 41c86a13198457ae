package program

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
)

func TestCloud_Stack(t *testing.T) {
	t.Parallel()
	cloud := Cloud{Org: "acme"}
	id, err := cloud.Stack("web/prod")
	require.NoError(t, err)
	assert.Equal(t, pulumiapi.StackIdentifier{Org: "acme", Project: "web", Stack: "prod"}, id)
	for _, text := range []string{"", "web", "web/", "/prod", "acme/web/prod", "web/prod/"} {
		_, err := cloud.Stack(text)
		require.ErrorAs(t, err, new(*UsageError), text)
	}
	// An organization is never a part of what was given as the stack, nor the other way around.
	_, err = (&Cloud{Org: "acme/web"}).Stack("prod")
	require.Error(t, err)
}
