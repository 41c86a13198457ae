package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const source = `// Package farm is prose.
package farm

import "errors"

// The kinds of hens.
const (
	// KindBrown is one.
	KindBrown Kind = "brown"

	KindOther Kind = "other" // another
	kindSecret Kind = "secret"
)

// Kind is a kind.
type Kind string

// ErrNoHen says that there is none.
var ErrNoHen = errors.New("farm: no hen")

// Default is one.
var Default Hen = Hen{Name: "Berta"}

var hidden = 1

// Hen lays eggs.
type Hen struct {
	// Name is its name,
	// in two lines.
	Name string ` + "`json:\"name\"`" + `
	LongFieldName int

	secret int
}

// New makes one.
func New(name string) (*Hen, error) {
	return nil, ErrNoHen
}

// Lay lays.
func (h *Hen) Lay(n int) []Egg { return nil }

func (h *Hen) hide() {}

// Egg is one.
type Egg interface {
	// Boil boils it.
	Boil()
}

// All are all.
func All[T any](of ...T) {}
`

const signaturesOfSource = `package farm

var ErrNoHen error

func All[T any](of ...T)

type Egg interface {
	Boil()
}

type Hen struct {
	Name string ` + "`json:\"name\"`" + `
	LongFieldName int
	// contains filtered or unexported fields
}

var Default Hen

func New(name string) (*Hen, error)

func (h *Hen) Lay(n int) []Egg

type Kind string

const (
	KindBrown Kind = "brown"
	KindOther Kind = "other"
)
`

func TestSignatures_AreWithoutComments(t *testing.T) {
	t.Parallel()
	of := func(text string) string {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "farm.go"), []byte(text), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "farm_windows.go"), []byte("package farm\n\nfunc OnlyWindows() {}\n"), 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(folder, "farm_test.go"), []byte("package farm\n\nfunc OnlyTest() {}\n"), 0o600))
		var stdout, stderr bytes.Buffer
		require.Equal(t, 0, run([]string{folder}, &stdout, &stderr), "%s", &stderr)
		return stdout.String()
	}
	assert.Equal(t, signaturesOfSource, of(source))

	// What is prose, or not exported, changes nothing.
	for old, replacement := range map[string]string{
		"// Name is its name,\n\t// in two lines.\n": "", "Hen lays eggs": "Hen lays many\n// eggs", "farm: no hen": "farm: there is no hen",
		"\n\n\tKindOther": "\n\tKindOther", " // another": "", "secret int": "secret string", "return nil, ErrNoHen": "return new(Hen), nil",
		`Hen{Name: "Berta"}`: `Hen{}`, "hidden = 1": "hidden = 2",
	} {
		require.Contains(t, source, old)
		assert.Equal(t, signaturesOfSource, of(strings.Replace(source, old, replacement, 1)), old)
	}
	// What is exported changes one line.
	for old, replacement := range map[string]string{
		`"brown"`: `"red"`, "LongFieldName int": "LongFieldName int64", "Lay(n int)": "Lay(n int64)", "All[T any]": "All[T comparable]",
		`json:\"name\"`: `json:\"n\"`, "Boil()": "Cook()",
	} {
		old, replacement = strings.ReplaceAll(old, `\"`, `"`), strings.ReplaceAll(replacement, `\"`, `"`)
		require.Contains(t, source, old)
		before, after := strings.Split(signaturesOfSource, "\n"), strings.Split(of(strings.Replace(source, old, replacement, 1)), "\n")
		require.Len(t, after, len(before), old)
		differing := 0
		for i := range before {
			if before[i] != after[i] {
				differing++
			}
		}
		assert.Equal(t, 1, differing, old)
	}
}

func TestRun_NeedsAFolderWithAPackage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"a", "b"}, {"-x"}, {t.TempDir()}} {
		var stdout, stderr bytes.Buffer
		assert.Equal(t, 2, run(args, &stdout, &stderr), args)
		assert.NotEmpty(t, stderr.String(), args)
		assert.Empty(t, stdout.String(), args)
	}
}
