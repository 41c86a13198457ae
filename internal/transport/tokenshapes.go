package transport

import "strings"

// tokenShape is what the tokens of a service look like: a prefix, and characters that
// are enough to tell a token from a word.
type tokenShape struct {
	prefix   string
	shortest int // characters behind the prefix
}

// tokenShapes are the shapes of tokens that a response may hold, although nobody sent
// it any.
var tokenShapes = []tokenShape{
	{"pul-", 8},
	{"pulr-", 8}, // Pulumi's
	{"ghp_", 20},
	{"gho_", 20},
	{"ghu_", 20},
	{"ghs_", 20},
	{"ghr_", 20},
	{"github_pat_", 20},
	{"glpat-", 16},
	{"npm_", 30},
	{"sk_live_", 16},
	{"AIza", 30},
	{"AKIA", 16},
	{"xoxb-", 16},
	{"xoxp-", 16},
}

// findTokens appends where in the original something stands that has the shape of a
// token.
func findTokens(spans []span, u unescaped) []span {
	for _, shape := range tokenShapes {
		for i := 0; ; {
			found := strings.Index(u.text[i:], shape.prefix)
			if found < 0 {
				break
			}
			start := i + found
			i = start + len(shape.prefix) + lengthOf(u.text[start+len(shape.prefix):], isTokenChar)
			if i-start-len(shape.prefix) >= shape.shortest {
				spans = append(spans, u.span(start, i))
			}
		}
	}
	return findJWTs(spans, u)
}

// jwtPrefix is how a JSON Web Token begins: it is `{"` in base64.
const jwtPrefix = "eyJ"

// findJWTs appends where JSON Web Tokens stand: two or more parts of base64 with dots
// between them.
func findJWTs(spans []span, u unescaped) []span {
	for i := 0; ; {
		found := strings.Index(u.text[i:], jwtPrefix)
		if found < 0 {
			return spans
		}
		start := i + found
		i = start + len(jwtPrefix) + lengthOf(u.text[start+len(jwtPrefix):], isTokenChar)
		if strings.Contains(u.text[start:i], ".") && i-start > 2*shortestSecret {
			spans = append(spans, u.span(start, i))
		}
	}
}

// lengthOf returns how many of the first bytes of text are all as is says.
func lengthOf(text string, is func(b byte) bool) int {
	for i := range len(text) {
		if !is(text[i]) {
			return i
		}
	}
	return len(text)
}

// isTokenChar reports whether b can stand in a token: it is one of the characters of
// a bearer token (RFC 6750, section 2.1).
func isTokenChar(b byte) bool {
	return isLetter(b) || isDigit(b, 10) || strings.IndexByte("-._~+/=", b) >= 0
}
