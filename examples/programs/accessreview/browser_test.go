package main

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// show returns a page as it is after a browser has run its scripts.
func show(t *testing.T, page, hash string) string {
	t.Helper()
	dom, complaints := browse(t, page, hash)
	assert.Empty(t, complaints)
	return dom
}

// browse returns a page as it is after a browser has run its scripts, and what the
// browser complained of.
func browse(t *testing.T, page, hash string) (dom string, complaints []string) {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("LEFT OUT: there is no chromium on this machine, so nobody has looked at the report in a browser")
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "access.html")
	require.NoError(t, os.WriteFile(name, []byte(page), 0o600))
	address := url.URL{Scheme: "file", Path: name, Fragment: hash}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=3000", "--enable-logging=stderr", "--dump-dom", address.String())
	var said strings.Builder
	command.Stderr = &said
	got, err := command.Output()
	require.NoError(t, err, said.String())
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "CONSOLE") {
			complaints = append(complaints, line)
		}
	}
	return string(got), complaints
}

var (
	stackShown = regexp.MustCompile(`<tr data-text="([^ ]*)[^"]*">`) // those that are not hidden
	headShown  = regexp.MustCompile(`<th scope="col" data-key="@([^"]*)"[^>]*>`)
)

// shown returns the stacks and the people that the matrix shows, in their order.
func shown(dom string) (stacks, people []string) {
	for _, found := range stackShown.FindAllStringSubmatch(dom, -1) {
		stacks = append(stacks, found[1])
	}
	for _, found := range headShown.FindAllStringSubmatch(dom, -1) {
		if !strings.Contains(found[0], `hidden=""`) {
			people = append(people, found[1])
		}
	}
	return stacks, people
}

func TestReport_Browser_Address(t *testing.T) {
	t.Parallel()
	page, _ := reportOf(t, nil)
	stacks, people := shown(show(t, page, ""))
	assert.Len(t, stacks, 41)
	assert.Len(t, people, 25)
	assert.Equal(t, "data-platform/dev", stacks[0])

	dom := show(t, page, "q=kubernetes PROD&who=platform&least=2&sort=people&dir=desc")
	stacks, people = shown(dom)
	assert.Equal(t, []string{"kubernetes/prod-eu-west-1", "kubernetes/prod-us-east-1"}, stacks)
	assert.Equal(t, []string{"grace", "ken", "linus", "radia"}, people)
	contains(t, dom, ">2 of 41 stacks, 4 of 25 people</output>")
	assert.Regexp(t, `data-key="people" data-kind="number" class="n" aria-sort="descending"`, dom)

	stacks, _ = shown(show(t, page, "who=tim&least=3"))
	assert.Equal(t, []string{"webshop/dev", "webshop/pr-3328", "webshop/redesign"}, stacks, "those that tim administers")

	stacks, _ = shown(show(t, page, "sort=@ada&dir=desc"))
	assert.Equal(t, "webshop/dev", stacks[0], "ada is its creator")
	stacks, _ = shown(show(t, page, "sort=stack&dir=desc"))
	assert.Equal(t, "webshop/staging", stacks[0])
	stacks, _ = shown(show(t, page, "sort=none&least=9&q="))
	assert.Len(t, stacks, 41, "an address that makes no sense")
}

// with returns a page that does something when it is there. Its policy would not
// let it: that goes.
func with(page, script string) string {
	page = regexp.MustCompile(`<meta http-equiv="Content-Security-Policy"[^>]*>`).ReplaceAllString(page, "")
	return strings.Replace(page, "</body>", "<script>"+script+"</script></body>", 1)
}

func TestReport_Browser_Hands(t *testing.T) {
	t.Parallel()
	page, _ := reportOf(t, nil)
	const hands = `
		const click = (text) => [...document.querySelectorAll("#matrix thead [role=button]")].find((b) => b.textContent === text).click();
		const type = (id, text) => { const e = document.getElementById(id); e.value = text; e.dispatchEvent(new Event("input")); };
		const press = (text, key) => [...document.querySelectorAll("th [role=button]")].find((b) => b.textContent === text)
			.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
		const say = () => document.title = location.hash;`
	dom := show(t, with(page, hands+`click("People"); type("q", "webshop"); type("who", "grace"); say();`), "")
	stacks, people := shown(dom)
	assert.Len(t, stacks, 8)
	assert.Equal(t, []string{"webshop/black-friday-load-test", "webshop/dev"}, stacks[:2], "8 people reach them")
	assert.Equal(t, []string{"grace"}, people)
	contains(t, dom, "<title>#sort=people&amp;dir=desc&amp;q=webshop&amp;who=grace</title>")

	dom = show(t, with(page, hands+`click("People"); click("People"); say();`), "")
	stacks, _ = shown(dom)
	assert.Equal(t, "data-platform/gpu-spike", stacks[0], "the other way around: 3 people reach it")
	contains(t, dom, "<title>#sort=people&amp;dir=asc</title>")

	dom = show(t, with(page, hands+`document.querySelector("form").reset(); setTimeout(say, 100)`), "q=nothing-like-it&least=3")
	stacks, _ = shown(dom)
	assert.Len(t, stacks, 41, "show all")
	contains(t, dom, "<title></title>")

	dom = show(t, with(page, hands+`document.querySelector("tr[data-text^='webshop/prod'] td.c.r2").click();`), "")
	contains(t, dom, `>annie, webshop/prod: team Storefront: write</p>`, "why")

	dom = show(t, with(page, hands+`press("Joined", "Enter"); press("Joined", " ");`), "")
	_, members, _ := strings.Cut(dom, `id="members"`)
	_, members, _ = strings.Cut(members, "<tbody>")
	assert.True(t, strings.HasPrefix(strings.TrimSpace(members), `<tr><th scope="row">intern-2</th>`), "the latest first")
}

// Hostile texts do nothing in a browser.
func TestReport_Browser_Hostile(t *testing.T) {
	t.Parallel()
	page, _ := reportOf(t, hostileCloud(t))
	dom := show(t, page, `q=<script>alert(1)</script>&sort="><b>`)
	lacks(t, dom, "<img")
	assert.Equal(t, 1, strings.Count(dom, "<script>"))

	// If one got in all the same, the page's policy would stop it.
	foreign := strings.Replace(page, "</body>", `<script>document.title = "foreign"</script></body>`, 1)
	dom, complaints := browse(t, foreign, "")
	lacks(t, dom, "<title>foreign")
	assert.Len(t, complaints, 1)
}
