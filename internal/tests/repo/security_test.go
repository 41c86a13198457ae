package repo_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	markdownComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	// testsInFile are tests between backticks, and the link to their file.
	testsInFile = regexp.MustCompile("((?:`\\w+`(?:, | and )?)+) in \\[([^]]+)\\]\\(([^)]+)\\)")
	quotedName  = regexp.MustCompile("`(\\w+)`")
)

// promises returns the promises of a page: the items of its lists below "What is
// promised".
func promises(t *testing.T, page string) []string {
	t.Helper()
	_, page, found := strings.Cut(markdownComment.ReplaceAllString(page, ""), "\n## What is promised\n")
	require.True(t, found)
	page, _, _ = strings.Cut(page, "\n## ")
	var items []string
	for _, item := range strings.Split(page, "\n- ")[1:] {
		item, _, _ = strings.Cut(item, "\n\n")
		items = append(items, normalize(item))
	}
	return items
}

// namedTests returns the tests that a promise names, by file.
func namedTests(promise string) map[string][]string {
	named := map[string][]string{}
	_, tests, _ := strings.Cut(promise, " Tests: ")
	for _, match := range testsInFile.FindAllStringSubmatch(tests, -1) {
		if match[2] != match[3] {
			continue // the link would lead elsewhere
		}
		for _, name := range quotedName.FindAllStringSubmatch(match[1], -1) {
			named[match[2]] = append(named[match[2]], name[1])
		}
	}
	return named
}

func TestSECURITY_EveryPromiseHasItsTests(t *testing.T) {
	t.Parallel()
	all := promises(t, readText(t, "SECURITY.md"))
	require.NotEmpty(t, all)
	for _, promise := range all {
		named := namedTests(promise)
		assert.NotEmpty(t, named, "SECURITY.md names no test for: %s", promise)
		count := 0
		for file, names := range named {
			source := readText(t, file)
			for _, name := range names {
				count++
				assert.Regexp(t, `(?m)^func `+name+`\((t \*testing\.T|f \*testing\.F)\)`, source, "SECURITY.md says that %s has the test %s", file, name)
			}
		}
		_, tests, _ := strings.Cut(promise, " Tests: ")
		assert.Len(t, quotedName.FindAllString(tests, -1), count, "SECURITY.md has names of tests without a file: %s", tests)
	}
}
