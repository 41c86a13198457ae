package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openTest(t *testing.T, path string) *output {
	t.Helper()
	out, err := open(path, func(*exported) (exported, error) { return exported{Org: "acme"}, nil })
	require.NoError(t, err)
	return out
}

// What could not be written is not remembered.
func TestOutput_AddWritesFirst(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	out := openTest(t, path)
	require.NoError(t, out.add([]byte("first\n"), state{Events: 1}))
	before := read(t, path+".state")
	require.NoError(t, out.file.Close())
	require.Error(t, out.add([]byte("second\n"), state{Events: 2}))
	assert.Equal(t, before, read(t, path+".state"))
	assert.Equal(t, 1, out.state.Events)
	assert.EqualValues(t, len("first\n"), out.state.Length)
}

// A state is replaced as a whole: who reads meanwhile reads the old one or the new.
func TestFiles_SaveReplaces(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	out := openTest(t, path)
	before, err := os.Stat(path + ".state")
	require.NoError(t, err)
	require.NoError(t, out.add([]byte("first\n"), state{Events: 1}))
	after, err := os.Stat(path + ".state")
	require.NoError(t, err)
	assert.False(t, os.SameFile(before, after))
	require.NoError(t, out.close())
}

// A state that can't be saved is an error, and the output is as it was for the next
// process.
func TestOutput_AddCannotRemember(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	out := openTest(t, path)
	require.NoError(t, out.add([]byte("first\n"), state{Settings: out.state.Settings, Events: 1}))
	require.NoError(t, os.Mkdir(path+".state.next", 0o700))
	require.Error(t, out.add([]byte("second\n"), state{Settings: out.state.Settings, Events: 2}))
	require.NoError(t, out.close())
	require.NoError(t, os.Remove(path+".state.next"))

	out = openTest(t, path)
	assert.Equal(t, 1, out.state.Events)
	require.NoError(t, out.add([]byte("2nd\n"), state{Events: 2}))
	assert.Equal(t, "first\n2nd\n", read(t, path+".partial"))
	require.NoError(t, out.close())
}
