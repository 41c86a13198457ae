package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// plant puts a link to a victim where an export has a file, and returns the victim.
func plant(t *testing.T, path string) (victim string) {
	t.Helper()
	victim = filepath.Join(t.TempDir(), "victim")
	require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
	require.NoError(t, os.Symlink(victim, path))
	return victim
}

// Others who may write to the folder can put links there.
func TestExport_PlantedLinks(t *testing.T) {
	t.Parallel()
	for suffix, says := range map[string]string{
		"":            "a folder, a link, a pipe or a device",
		".lock":       "is a folder, a link, a pipe or a device",
		".state":      "is a folder, a link, a pipe or a device",
		".partial":    "is there already",
		".state.next": "", // what is left of an interrupted run
	} {
		path := filepath.Join(t.TempDir(), "log")
		victim := plant(t, path+suffix)
		got := (&service{events: events(40), pageSize: 5}).export(t, path).Run(t)
		if says == "" {
			assert.Equal(t, 0, got.Status, "%s: %s", suffix, got.Stderr)
			assert.Equal(t, wanted(events(40)), descriptions(t, path), suffix)
		} else {
			assert.Equal(t, 1, got.Status, suffix)
			assert.Contains(t, got.Stderr, says, suffix)
		}
		assert.Equal(t, "precious", read(t, victim), suffix)
	}
}

// A link that appears between two runs, or that dangles, is no better.
func TestOutput_LinksThatArePlantedLater(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	out := openTest(t, path)
	require.NoError(t, out.add([]byte("first\n"), state{Settings: out.state.Settings, Events: 1}))
	require.NoError(t, out.close())
	require.NoError(t, os.Rename(path+".partial", path+".kept"))
	victim := plant(t, path+".partial")
	_, err := open(path, func(*exported) (exported, error) { return exported{Org: "acme"}, nil })
	require.ErrorIs(t, err, errNotRegular)
	assert.Equal(t, "precious", read(t, victim))

	dangling := filepath.Join(t.TempDir(), "nothing")
	for i, create := range []func(path string) error{
		func(path string) error {
			file, err := createFile(path)
			if err != nil {
				return err
			}
			return file.Close()
		},
		func(path string) error {
			_, err := openFile(path, os.O_RDWR)
			require.ErrorIs(t, err, errNotRegular)
			return nil
		},
	} {
		link := filepath.Join(t.TempDir(), fmt.Sprint(i))
		require.NoError(t, os.Symlink(dangling, link))
		require.NoError(t, create(link))
		assert.NoFileExists(t, dangling)
	}
}
