package pulumiapitest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scrubber puts placeholders in the place of secrets. It finds them by the names
// that they stand under and by their form, and those it has met once wherever they
// stand. Equal secrets get equal placeholders.
type scrubber struct {
	names  map[string]bool   // normalized, beside those that secretName knows
	judged map[string]bool   // what isSecretName has said
	known  map[string]string // the secrets met so far, and their placeholders
	sure   map[string]bool   // those that are looked for elsewhere, too
	all    textTrie          // the sure ones, in every form that they are likely to be written in
}

// newScrubber returns a scrubber that takes what stands under the names for secret,
// too, and the texts.
func newScrubber(names, texts []string) *scrubber {
	s := &scrubber{names: map[string]bool{}, judged: map[string]bool{}, known: map[string]string{}, sure: map[string]bool{}}
	for _, name := range names {
		s.names[normalized(name)] = true
	}
	for _, text := range texts {
		if text != "" {
			s.suspect(text)
			s.lookFor(text) // however short
		}
	}
	return s
}

// secretName tells the names of what must not be shown, in JSON, headers, queries
// and forms. It is asked about normalized names. (A continuation token, or a
// resource type's, is no secret.)
var secretName = regexp.MustCompile(`((secret|password|passphrase|passcode|passwd|pwd|plaintext|ciphertext|cookie|authorization|signature|credential|` +
	`(access|refresh|identity|id|subject|actor|session|security|oidc|job|transfer|claim|auth|api|bearer|csrf|agent|sas|deploy|bot|github|gitlab|npm|vault|registry|runner|service|user|client)token|` +
	`(private|secret|access|api|encrypted|encryption|account|shared|signing|master|client|license)key)` +
	`s?(value|hash|text|string|binary|bytes|data|pem|base64)?(e?s)?|` +
	`accesskeyid|encryptionsalt|token(value|hash)(e?s)?|connectionstrings?|kubeconfigs?|assertion|^token|^jwt|^sig)$`)

// normalized returns a name without what differs between accessToken, access_token
// and Access-Token.
func normalized(name string) string { return strings.ToLower(withoutHyphens.Replace(name)) }

var withoutHyphens = strings.NewReplacer("_", "", "-", "")

func (s *scrubber) isSecretName(name string) bool {
	isSecret, known := s.judged[name]
	if !known {
		isSecret = s.names[normalized(name)] || secretName.MatchString(normalized(name))
		s.judged[name] = isSecret
	}
	return isSecret
}

// placeholder is what stands for a secret: text that is base64 as well, as some
// secrets are, behind the prefix of an access token, if it is for one.
var placeholder = regexp.MustCompile(`(?:pul[a-z]?-)?scrubbed(?:[0-9]{4})+`)

var accessTokenPrefix = regexp.MustCompile(`^pul[a-z]?-`)

// isScrubbed reports whether a value is empty, or placeholders with nothing but quotes
// and the like around.
func isScrubbed(value string) bool {
	rest := placeholder.ReplaceAllString(value, "")
	isText := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	return value == "" || rest != value && !strings.ContainsFunc(rest, isText)
}

// shortestElsewhere is the shortest secret that is looked for where nothing says
// that there is one: what is shorter stands in ordinary text.
const shortestElsewhere = 8

// secret returns what stands for a secret, which is looked for everywhere from now on.
func (s *scrubber) secret(value string) string {
	standsFor := s.suspect(value)
	if standsFor != value && len(value) >= shortestElsewhere && !s.sure[value] {
		s.lookFor(value)
	}
	return standsFor
}

// lookFor makes a secret one that is looked for everywhere.
func (s *scrubber) lookFor(secret string) {
	s.sure[secret] = true
	for _, form := range writtenForms(secret) {
		s.all.add(form, s.known[secret])
	}
}

// suspect returns what stands for a secret here. No secret is "true", as in
// showSecrets=true.
func (s *scrubber) suspect(value string) string {
	if isScrubbed(value) || value == "true" || value == "false" || value == "null" {
		return value
	}
	if known, ok := s.known[value]; ok {
		return known
	}
	number := fmt.Sprintf("%04d", len(s.known)+1)
	if len(number) > 4 { // base64 comes in fours
		number = fmt.Sprintf("%08s", number)
	}
	s.known[value] = accessTokenPrefix.FindString(value) + "scrubbed" + number
	return s.known[value]
}

// hinted is a rule for texts that have one of the hints in them, which is looked for
// first, as it takes less time.
type hinted struct {
	hints []string
	rule  *regexp.Regexp
}

func (h hinted) concerns(text string) bool {
	return slices.ContainsFunc(h.hints, func(hint string) bool { return strings.Contains(text, hint) })
}

// secretPairs are the places in a text that have a name, the first group, and a
// value, the second: JSON in text, values in quotes, headers and YAML line by line and
// in braces, the queries of URLs and what looks like them, the parts of a form.
var secretPairs = []hinted{
	{[]string{`"`}, regexp.MustCompile(`"((?:[^"\\]|\\.)*)"\s*:\s*"((?:[^"\\]|\\.)*)"`)},
	{[]string{`"`}, regexp.MustCompile(`([\w.:-]+)[\t ]*[:=][\t ]*"((?:[^"\\]|\\.)+)"`)},
	{[]string{`'`}, regexp.MustCompile(`([\w.:-]+)'?[\t ]*[:=][\t ]*'([^'\r\n]+)'`)},
	{[]string{": ", ":\t", "="}, regexp.MustCompile(`(?m)^[\t -]*([\w.:-]+?)(?::[\t ]+|[\t ]*=[\t ]*)([^\s"][^\r\n]*)`)},
	{[]string{"{"}, regexp.MustCompile(`[{,][\t ]*([\w.:-]+):[\t ]+([^\s"',}]+)`)},
	{[]string{"="}, regexp.MustCompile(`(?:^|[?&;\s])([\w.%-]+)=([^&;\s"'<>#]+)`)},
	{[]string{"form-data"}, regexp.MustCompile(`(?i)form-data;[^\r\n]*\bname="([^"\r\n]+)"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n([^\r\n]+)`)},
}

// yamlBlock begins a value that goes on below, further to the right, and yamlValue is
// what there is of it in a line.
var (
	yamlBlock = regexp.MustCompile(`^([\t -]*)([\w.:-]+):[\t ]*(?:[|>][0-9+-]*)?[\t ]*\r?\n$`)
	yamlValue = regexp.MustCompile(`^([\t -]*(?:[\w.:-]+:[\t ]+)?)([^\r\n]+)`)
)

// yamlBlocks returns text without the secrets in YAML that have lines of their own.
func (s *scrubber) yamlBlocks(text string) string {
	lines := strings.SplitAfter(text, "\n")
	secretBelow := -1 // how far to the right the name of a secret is
	for i, line := range lines {
		block := yamlBlock.FindStringSubmatch(line)
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		switch {
		case strings.TrimSpace(line) == "":
		case secretBelow >= 0 && indent > secretBelow:
			if len(block) == 0 {
				lines[i] = replaceGroup(yamlValue, 2, line, func(groups []string) string { return s.secret(groups[2]) })
			}
		case len(block) > 0 && s.isSecretName(block[2]):
			secretBelow = len(block[1])
		default:
			secretBelow = -1
		}
	}
	return strings.Join(lines, "")
}

// longBase64 may be other text in base64.
var longBase64 = regexp.MustCompile(`[0-9A-Za-z+/_-]{16,}={0,2}`)

// hidesSecret reports whether something is base64 of a text that has secrets.
func (s *scrubber) hidesSecret(encoded string) bool {
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		decoded, err := encoding.DecodeString(strings.TrimRight(encoded, "="))
		if err == nil && utf8.Valid(decoded) {
			return s.text(string(decoded)) != string(decoded)
		}
	}
	return false
}

// userInfo is what stands before the host of a URL in a text, if it has a password or
// can be one.
var userInfo = regexp.MustCompile(`(://)([^/@\s"'<>:]*:[^/@\s"'<>]+|[^/@\s"'<>:]{16,})@`)

// text returns text without its secrets.
func (s *scrubber) text(text string) string {
	if clean, ok := s.jsonInText(text); ok {
		return clean
	}
	if strings.Contains(text, ":") && strings.Contains(text, "\n") {
		text = s.yamlBlocks(text)
	}
	for _, pair := range secretPairs {
		if !pair.concerns(text) {
			continue
		}
		text = replaceGroup(pair.rule, 2, text, func(groups []string) string {
			switch {
			case !s.isSecretName(groups[1]):
				return groups[2]
			case strings.ContainsAny(groups[2], "0123456789"):
				return s.secret(groups[2])
			}
			// It may be prose ("password: make it longer"), whose words stand elsewhere.
			return s.suspect(groups[2])
		})
	}
	if strings.Contains(text, "://") {
		text = replaceGroup(userInfo, 2, text, func(groups []string) string { return s.secret(groups[2]) })
	}
	for _, shape := range secretShapes {
		if !shape.concerns(text) {
			continue
		}
		text = shape.rule.ReplaceAllStringFunc(text, func(found string) string {
			if wordy.MatchString(found) && !strings.ContainsAny(found, "0123456789") {
				return found // somebody's project
			}
			public := publicPart.FindString(found)
			return public + s.secret(found[len(public):])
		})
	}
	text = longBase64.ReplaceAllStringFunc(text, func(found string) string {
		if s.hidesSecret(found) {
			return s.secret(found)
		}
		return found
	})
	return s.all.replace(text)
}

// replaceGroup replaces what a group of each match has found.
func replaceGroup(rule *regexp.Regexp, group int, text string, replace func(groups []string) string) string {
	var out strings.Builder
	rest := 0
	for _, at := range rule.FindAllStringSubmatchIndex(text, -1) {
		groups := make([]string, len(at)/2)
		for i := range groups {
			groups[i] = text[at[2*i]:at[2*i+1]]
		}
		out.WriteString(text[rest:at[2*group]])
		out.WriteString(replace(groups))
		rest = at[2*group+1]
	}
	out.WriteString(text[rest:])
	return out.String()
}

// writtenForms returns a secret as it is, and as it is likely to be written.
func writtenForms(secret string) []string {
	quoted, _ := json.Marshal(secret) // cannot fail: a text
	var unescaped bytes.Buffer
	encoder := json.NewEncoder(&unescaped)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), (&url.URL{Path: secret}).EscapedPath(), html.EscapeString(secret),
		string(quoted[1 : len(quoted)-1]), unescaped.String()[1 : unescaped.Len()-2], // without quotes and line end
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
}

// url returns a URL as text, without its secrets, and without a user and a password.
func (s *scrubber) url(u *url.URL) string {
	clean := *u
	clean.User = nil
	clean.Fragment, clean.RawFragment = "", ""
	clean.RawQuery = s.query(u.RawQuery)
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			decoded = segment
		}
		if scrubbed := s.text(decoded); scrubbed != decoded {
			segments[i] = url.PathEscape(scrubbed)
		}
	}
	clean.RawPath = s.all.replace(strings.Join(segments, "/")) // there may be slashes in a secret
	clean.Path, _ = url.PathUnescape(clean.RawPath)            // escaped correctly: it was, or is by us
	return clean.String()
}

// query returns a query, or a form, without its secrets. The rest stays as it is.
func (s *scrubber) query(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, hasValue := strings.Cut(pair, "=")
		decodedName, err := url.QueryUnescape(name)
		if err != nil {
			decodedName = name
		}
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			decoded = value
		}
		scrubbed := s.text(decoded)
		if s.isSecretName(decodedName) {
			scrubbed = s.secret(decoded)
		}
		if scrubbed != decoded {
			value = url.QueryEscape(scrubbed)
		}
		if scrubbedName := s.text(decodedName); scrubbedName != decodedName {
			name = url.QueryEscape(scrubbedName)
		}
		if pairs[i] = name; hasValue {
			pairs[i] += "=" + value
		}
	}
	return strings.Join(pairs, "&")
}

// unrecorded are headers that differ from time to time, belong to the connection
// or are all secret.
var unrecorded = []string{
	"Connection", "Content-Length", "Date", "Keep-Alive", "Set-Cookie", "Trailer", "Transfer-Encoding",
}

// header returns an answer's header without its secrets.
func (s *scrubber) header(header http.Header) http.Header {
	clean := http.Header{}
	for name, values := range header {
		if slices.Contains(unrecorded, name) {
			continue
		}
		for _, value := range values {
			if s.isSecretName(name) {
				value = s.secret(value)
			}
			clean[name] = append(clean[name], s.text(value))
		}
	}
	return clean
}

// learn remembers the secrets in a request's header, which is not recorded.
func (s *scrubber) learn(header http.Header) {
	for name, values := range header {
		for _, value := range values {
			switch normalized(name) {
			case "authorization", "proxyauthorization":
				scheme, token, _ := strings.Cut(value, " ")
				s.secret(cmp.Or(strings.TrimSpace(token), value))
				if decoded, err := base64.StdEncoding.DecodeString(token); err == nil && strings.EqualFold(scheme, "basic") {
					_, password, _ := strings.Cut(string(decoded), ":")
					s.secret(password)
				}
			case "cookie":
				for pair := range strings.SplitSeq(value, ";") {
					_, crumb, _ := strings.Cut(pair, "=")
					s.secret(crumb)
				}
			default:
				if s.isSecretName(name) {
					s.secret(value)
				}
			}
		}
	}
}
