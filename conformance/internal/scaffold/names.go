package scaffold

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// initialisms are written in capitals.
var initialisms = map[string]string{
	"id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "uri": "URI", "urn": "URN", "urns": "URNs", "api": "API", "vcs": "VCS", "oidc": "OIDC",
	"saml": "SAML", "aws": "AWS", "arn": "ARN", "ip": "IP", "ai": "AI", "json": "JSON", "yaml": "YAML", "html": "HTML", "http": "HTTP",
	"https": "HTTPS", "cli": "CLI", "ux": "UX", "mfa": "MFA", "csv": "CSV", "ci": "CI", "sso": "SSO", "scim": "SCIM", "ssh": "SSH", "sha": "SHA",
}

// goName returns a name as Go writes one that is exported: "AgentPoolID".
func goName(text string) string {
	var out strings.Builder
	for _, word := range words(text) {
		if known := initialisms[strings.ToLower(word)]; known != "" {
			out.WriteString(known)
			continue
		}
		letters := []rune(word)
		out.WriteString(string(unicode.ToUpper(letters[0])) + string(letters[1:]))
	}
	name := out.String()
	if letter, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(letter) {
		return "X" + name
	}
	return name
}

// words takes a name apart: "agent-poolID" is agent, pool, ID.
func words(text string) []string {
	var all []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			all, word = append(all, string(word)), nil
		}
	}
	letters := []rune(text)
	for i, letter := range letters {
		isPart := unicode.IsLetter(letter) || unicode.IsDigit(letter)
		startsWord := unicode.IsUpper(letter) && i > 0 &&
			(unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1]) && unicode.IsUpper(letters[i-1]))
		if !isPart || startsWord {
			end()
		}
		if isPart && letter < unicode.MaxASCII {
			word = append(word, letter)
		}
	}
	end()
	return all
}

// localName returns a name as Go writes a parameter's: "poolID".
func localName(text string) string {
	parts := words(text)
	if len(parts) == 0 {
		return "x"
	}
	name := strings.ToLower(parts[0]) + goNameOf(parts[1:])
	if slices.Contains([]string{"type", "func", "range", "map", "var", "package", "default", "interface", "ctx", "s", "req", "opts"}, name) {
		return name + "Name"
	}
	return name
}

func goNameOf(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return goName(strings.Join(parts, "_"))
}

// singular returns a noun of which there is one.
func singular(noun string) string {
	switch {
	case strings.HasSuffix(noun, "ies"):
		return strings.TrimSuffix(noun, "ies") + "y"
	case strings.HasSuffix(noun, "ss"), strings.HasSuffix(noun, "us"):
		return noun
	case strings.HasSuffix(noun, "sses"):
		return strings.TrimSuffix(noun, "es")
	}
	return strings.TrimSuffix(noun, "s")
}

// literals returns the segments of a template that are no placeholders, without
// "api", and whether it ends with a placeholder.
func literals(template string) (names []string, endsOpen bool) {
	for segment := range strings.SplitSeq(strings.Trim(template, "/"), "/") {
		endsOpen = strings.HasPrefix(segment, "{")
		if !endsOpen && segment != "api" {
			names = append(names, segment)
		}
	}
	return names, endsOpen
}

// parameter is a parameter of a method that fills a placeholder.
type parameter struct {
	placeholder string
	name        string // in Go
	argument    string // the expression of its value
	goType      string
}

// usualNames are the names that parameters have in the package.
var usualNames = map[string]string{
	"orgName": "org", "userLogin": "user", "userName": "user", "teamName": "team", "projectName": "project", "stackName": "stack", "envName": "env",
}

// stackPlaceholders are those that a StackIdentifier fills, by its fields.
var stackPlaceholders = map[string]string{"orgName": "Org", "projectName": "Project", "stackName": "Stack"}

// parametersOf returns the parameters for the placeholders of a template.
func parametersOf(template string, described []*openapi3.Parameter) []parameter {
	var all []parameter
	isStack := strings.Contains(template, "{orgName}") && strings.Contains(template, "{projectName}") && strings.Contains(template, "{stackName}")
	for segment := range strings.SplitSeq(template, "/") {
		placeholder, ok := strings.CutPrefix(segment, "{")
		if !ok {
			continue
		}
		placeholder = strings.TrimSuffix(placeholder, "}")
		if field := stackPlaceholders[placeholder]; isStack && field != "" {
			all = append(all, parameter{placeholder, "id." + field, "id." + field, "StackIdentifier"})
			continue
		}
		name := usualNames[placeholder]
		if name == "" {
			name = localName(placeholder)
		}
		p := parameter{placeholder, name, name, "string"}
		for _, one := range described {
			if one.Name == placeholder && one.Schema != nil && one.Schema.Value.Type.Is(openapi3.TypeInteger) {
				p.goType, p.argument = "int", "strconv.Itoa("+name+")"
			}
		}
		all = append(all, p)
	}
	return all
}
