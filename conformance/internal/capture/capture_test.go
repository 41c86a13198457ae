package capture

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi/internal/source"
)

// The line that the hook goes before is in the source, once.
func TestOverlay_Fits(t *testing.T) {
	t.Parallel()
	root, err := source.Root()
	require.NoError(t, err)
	overlay, err := writeOverlay(root, t.TempDir())
	require.NoError(t, err)
	assert.FileExists(t, overlay)
}

func TestHook_FailsLoudly(t *testing.T) {
	t.Parallel()
	h := hook{file: "a.go", anchor: "\tbegin()\n", line: "\trecord()\n"}
	changed, err := h.apply([]byte("func f() {\n\tbegin()\n}\n"))
	require.NoError(t, err)
	assert.Equal(t, "func f() {\n\trecord()\n\tbegin()\n}\n", string(changed))
	for _, text := range []string{"func f() {\n\tstart()\n}\n", "\tbegin()\n\tbegin()\n"} {
		_, err := h.apply([]byte(text))
		require.ErrorContains(t, err, "a.go has the line \"begin()\"")
	}
	_, err = writeOverlay(t.TempDir(), t.TempDir())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestRecorders_AreGo(t *testing.T) {
	t.Parallel()
	for name, text := range map[string][]byte{"requests": requestRecorder, "routes": routeRecorder} {
		_, err := parser.ParseFile(token.NewFileSet(), name, text, parser.AllErrors)
		require.NoError(t, err, name)
		assert.Contains(t, string(text), `"`+folderVariable+`"`, name)
	}
}

func TestRead_ReadsRecords(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for name, text := range map[string]string{
		"requests-1.jsonl": `{"Operation":"GET /a","Body":"e30="}` + "\n" + `{"Operation":"GET /b"}`,
		"requests-2.jsonl": `{"Operation":"GET /c"}`,
		"routes-1.jsonl":   `{"Operation":"GET /a","Query":["q"]}`,
		"routes-2.jsonl":   `{"Operation":"GET /a","Query":["q"]}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	recording, err := read(folder)
	require.NoError(t, err)
	require.Len(t, recording.Requests, 3)
	assert.Equal(t, "{}", string(recording.Requests[0].Body))
	assert.Equal(t, []Route{{Operation: "GET /a", Query: []string{"q"}}}, recording.Routes)

	require.NoError(t, os.WriteFile(filepath.Join(folder, "requests-3.jsonl"), []byte(`{"Operation":`), 0o600))
	_, err = read(folder)
	require.ErrorContains(t, err, "requests-3.jsonl")
}

func TestRun_SaysWhichTestsFail(t *testing.T) {
	t.Parallel()
	r := runner{root: t.TempDir(), work: t.TempDir(), overlay: os.DevNull, records: t.TempDir()}
	require.ErrorContains(t, r.tests(), "capture: go test")
	require.Error(t, r.examples())
	require.Error(t, r.run(filepath.Join(r.root, "nothing")))
}
