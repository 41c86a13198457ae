package pulumiapitest

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"strings"
)

// renameInState gives the stack's state the names that the stack is about to have. It
// changes nothing if the stack keeps its name and project. The states of earlier
// versions stay as they were.
func (st *stack) renameInState(to stackID) {
	if st.state == nil || to.project == st.project && to.name == st.name {
		return
	}
	state, renamed := st.state, renaming{from: st.stackID, to: to}
	st.state = func(baseURL string) *wireDeployment {
		d := *state(baseURL)
		d.Deployment = renamed.apply(d.Deployment)
		return &d
	}
}

// renaming is a change of a stack's name or project.
type renaming struct{ from, to stackID }

// apply returns a deployment with the new names in its URNs and in what the service
// needs to find the key of its secrets. All other bytes stay as they are.
func (r renaming) apply(deployment json.RawMessage) json.RawMessage {
	var renamed []byte
	copied := 0
	for value := range jsonStrings(deployment) {
		text := r.replace(value.path, value.text)
		if text == value.text {
			continue
		}
		encoded, _ := json.Marshal(text) // cannot fail: a text
		renamed = append(renamed, deployment[copied:value.start]...)
		renamed = append(renamed, encoded...)
		copied = value.end
	}
	return append(renamed, deployment[copied:]...)
}

// replace returns what is to stand at a path of a deployment instead of a text.
func (r renaming) replace(path, text string) string {
	switch {
	case path == "secrets_providers.state.stack" && text == r.from.name:
		return r.to.name
	case path == "secrets_providers.state.project" && text == r.from.project:
		return r.to.project
	case isURNPath(path):
		return r.replaceURN(text)
	}
	return text
}

// urnMembers are the members of a resource that hold URNs. Texts that look like URNs
// elsewhere, in its properties say, belong to the program.
var urnMembers = []string{"urn", "parent", "provider", "deletedWith", "viewOf", "dependencies[]", "replaceWith[]"}

func isURNPath(path string) bool {
	member, found := strings.CutPrefix(path, "resources[].")
	if !found {
		member, found = strings.CutPrefix(path, "pending_operations[].resource.")
	}
	return found && (slices.Contains(urnMembers, member) ||
		strings.HasPrefix(member, "propertyDependencies.") && strings.HasSuffix(member, "[]"))
}

// replaceURN returns a URN with the new names, or a reference to a provider, which
// begins with its URN. The stack itself is a resource that is named after the project
// and the stack. The URN of another stack stays as it is.
func (r renaming) replaceURN(urn string) string {
	rest, own := strings.CutPrefix(urn, urnPrefix(r.from))
	if !own {
		return urn
	}
	const stackType = "pulumi:pulumi:Stack::"
	if rest == stackType+r.from.project+"-"+r.from.name {
		rest = stackType + r.to.project + "-" + r.to.name
	}
	return urnPrefix(r.to) + rest
}

func urnPrefix(id stackID) string { return "urn:pulumi:" + id.name + "::" + id.project + "::" }

// jsonString is a text in a JSON document: its path ("resources[].urn"), and where it
// begins and ends.
type jsonString struct {
	path, text string
	start, end int
}

// jsonStrings yields the texts that are values in a JSON document, which is valid.
func jsonStrings(document []byte) iter.Seq[jsonString] {
	return func(yield func(jsonString) bool) {
		decoder := json.NewDecoder(bytes.NewReader(document))
		decoder.UseNumber()
		var open []container
		path := "" // of the value that comes next
		for {
			start := int(decoder.InputOffset())
			token, err := decoder.Token()
			if err != nil {
				return // at the end
			}
			end := int(decoder.InputOffset())
			if len(open) > 0 && open[len(open)-1].atName {
				if name, isName := token.(string); isName {
					c := &open[len(open)-1]
					c.atName = false
					path = c.path + name
					continue
				}
			}
			switch token {
			case json.Delim('{'):
				open = append(open, container{path: withDot(path), object: true, atName: true})
				continue
			case json.Delim('['):
				open = append(open, container{path: path + "[]"})
				path += "[]"
				continue
			case json.Delim('}'), json.Delim(']'):
				open = open[:len(open)-1]
			default:
				if text, isText := token.(string); isText {
					start += bytes.IndexByte(document[start:end], '"') // behind white space and a separator
					if !yield(jsonString{path, text, start, end}) {
						return
					}
				}
			}
			if len(open) == 0 {
				return
			}
			c := &open[len(open)-1]
			c.atName = c.object
			path = c.path // of the next element; a name comes before the next member
		}
	}
}

// container is an object or an array that a position in a JSON document is in.
type container struct {
	path   string // what the paths of its values begin with
	object bool
	atName bool // a member's name comes next, or the end
}

func withDot(path string) string {
	if path == "" {
		return ""
	}
	return path + "."
}
