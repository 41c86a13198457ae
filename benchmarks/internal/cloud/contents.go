package cloud

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// distinctPages is how many pages of a list differ. Two in a row must: clients
// take a page that repeats the one before for a list that does not end.
const distinctPages = 10

// resourcesInState is how many resources of a state differ. Together they are
// longer than what gzip looks back on.
const resourcesInState = 64

// contents are the answers, encoded.
type contents struct {
	stack                          []byte
	stacks, updates, events, audit *list
	resources                      []byte // of a state, with commas between them
}

func newContents() (*contents, error) {
	g := &generator{random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same each time
	c := &contents{
		stack:     g.items(1, one(stackTemplate)),
		stacks:    g.list("stacks", StacksPage, one(stackSummaryTemplate)),
		updates:   g.list("updates", UpdatesPage, one(updateTemplate)),
		events:    g.list("events", EventsPage, eventTemplate),
		audit:     g.list("auditLogEvents", AuditPage, one(auditLogEventTemplate)),
		resources: g.items(resourcesInState, one(resourceTemplate)),
	}
	return c, g.err
}

// one is the same template for each item.
func one(template string) func(int) string {
	return func(int) string { return template }
}

// eventTemplate returns the template of the nth event: most are messages, and some
// are of resources, which are large.
func eventTemplate(n int) string {
	switch n % 20 {
	case 0, 10:
		return resourcePreCreateTemplate
	case 5, 15:
		return resOutputsCreateTemplate
	case 7:
		return resourcePreSameTemplate
	case 9:
		return resOutputsUpdateTemplate
	case 12:
		return policyTemplate
	default:
		return diagnosticTemplate
	}
}

// generator fills templates in. It gives the same each time.
type generator struct {
	random *rand.Rand
	err    error // the first
}

// list returns a list under its name in the answers.
func (g *generator) list(name string, pageSize int, template func(int) string) *list {
	l := &list{pageSize: pageSize}
	for range distinctPages {
		l.starts = append(l.starts, append(fmt.Appendf(nil, `{%q:[`, name), g.items(pageSize, template)...))
	}
	return l
}

// items returns JSON values with commas between them.
func (g *generator) items(count int, template func(int) string) []byte {
	var items bytes.Buffer
	for n := range count {
		if n > 0 {
			items.WriteByte(',')
		}
		if err := json.Compact(&items, []byte(g.fill(template(n), n))); err != nil && g.err == nil {
			g.err = fmt.Errorf("a template is no JSON: %w", err)
		}
	}
	return items.Bytes()
}

// fill puts values for what a template leaves open: NUMBER, TIME, UUID and HASH.
func (g *generator) fill(template string, n int) string {
	return strings.NewReplacer(
		"NUMBER", strconv.Itoa(1000+n),
		"TIME", strconv.Itoa(1_700_000_000+60*n),
		"UUID", g.hex(4)+"-"+g.hex(2)+"-"+g.hex(2)+"-"+g.hex(2)+"-"+g.hex(6),
		"HASH", g.hex(20),
	).Replace(template)
}

func (g *generator) hex(bytes int) string {
	data := make([]byte, bytes)
	for i := range data {
		data[i] = byte(g.random.UintN(256)) //nolint:gosec // it fits
	}
	return hex.EncodeToString(data)
}
