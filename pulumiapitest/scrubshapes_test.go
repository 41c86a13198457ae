package pulumiapitest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each shape is put together here, as tools that look for secrets in repositories would
// report it.
func TestScrubber_Text_KnownTokenShapes(t *testing.T) {
	t.Parallel()
	const (
		hex     = "0123456789abcdef0123456789abcdef"
		letters = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bD1fG3hJ5kL7n"
	)
	for name, secret := range map[string]string{
		"Pulumi":                   "pul-" + hex,
		"JWT":                      "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiJhZGEifQ." + letters,
		"AWS key ID":               "AKIA" + "IOSFODNN7EXAMPLE",
		"AWS temporary key ID":     "ASIA" + "IOSFODNN7EXAMPLE",
		"Google API key":           "AIza" + "SyA-" + letters[:31],
		"Google OAuth client":      "GOCSPX" + "-" + letters[:28],
		"Google OAuth token":       "ya29" + "." + letters,
		"Azure application":        "abc8" + "Q~" + letters[:34],
		"GitHub personal":          "ghp" + "_" + letters[:36],
		"GitHub OAuth":             "gho" + "_" + letters[:36],
		"GitHub app's user":        "ghu" + "_" + letters[:36],
		"GitHub app":               "ghs" + "_" + letters[:36],
		"GitHub refresh":           "ghr" + "_" + letters[:36],
		"GitHub fine-grained":      "github" + "_pat_" + letters[:22] + "_" + letters,
		"GitLab personal":          "glpat" + "-" + letters[:20],
		"GitLab runner":            "glrt" + "-" + letters[:20],
		"GitLab routable":          "glpat" + "-" + letters + ".01." + hex[:9],
		"Atlassian":                "ATATT3" + letters + "=1A2B3C4D",
		"npm":                      "npm" + "_" + letters[:36],
		"PyPI":                     "pypi" + "-AgEIcHlwaS5vcmc" + letters,
		"RubyGems":                 "rubygems" + "_" + hex,
		"Docker":                   "dckr" + "_pat_" + letters[:27],
		"Slack bot":                "xoxb" + "-1234567890-" + letters[:24],
		"Slack app":                "xoxa" + "-1234567890-" + letters[:24],
		"Slack user":               "xoxp" + "-1234567890-" + letters[:24],
		"Slack app level":          "xapp" + "-1-A012-" + hex,
		"Stripe secret":            "sk" + "_live_" + letters[:24],
		"Stripe restricted":        "rk" + "_live_" + letters[:24],
		"Stripe test":              "sk" + "_test_" + letters[:24],
		"Stripe webhook":           "whsec" + "_" + letters[:32],
		"Shopify":                  "shpat" + "_" + hex,
		"SendGrid":                 "SG" + "." + letters[:22] + "." + letters,
		"Twilio":                   "SK" + hex,
		"DigitalOcean":             "dop" + "_v1_" + hex + hex,
		"Vault":                    "hvs" + "." + letters,
		"Terraform":                letters[:14] + ".atlasv1." + letters + letters[:20],
		"Databricks":               "dapi" + hex,
		"Grafana":                  "glsa" + "_" + letters[:32] + "_01234567",
		"Linear":                   "lin" + "_api_" + letters,
		"OpenAI":                   "sk-" + "proj-" + letters,
		"Anthropic":                "sk-" + "ant-api03-" + letters,
		"Hugging Face":             "hf" + "_" + letters[:34],
		"PEM":                      "-----BEGIN EC PRIVATE " + "KEY-----\nabc+/=\n-----END EC PRIVATE KEY-----",
		"PEM that is encrypted":    "-----BEGIN RSA PRIVATE " + "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0A\n\nabc\n-----END RSA PRIVATE KEY-----",
		"PEM in one line":          `-----BEGIN PRIVATE ` + `KEY-----\nabc-def\n-----END PRIVATE KEY-----`,
		"PGP":                      "-----BEGIN PGP PRIVATE " + "KEY BLOCK-----\nVersion: a-b\n\nabc\n-----END PGP PRIVATE KEY BLOCK-----",
		"age":                      "AGE-SECRET-" + "KEY-1" + strings.ToUpper(letters),
		"Azure storage connection": "AccountKey=" + letters + "/+==",
	} {
		clean := newScrubber(nil, nil)
		for _, text := range []string{secret, "use " + secret + ", please", `{"note": "` + strings.ReplaceAll(secret, "\n", `\n`) + `"}`, "a=1;" + secret + ";b=2", "https://u:x@h/?q=" + secret + "&x=y"} {
			scrubbed := clean.text(text)
			core := strings.TrimPrefix(secret, "AccountKey=")
			assert.NotContains(t, scrubbed, core[len(core)-9:], "%s: %s", name, text)
			assert.Contains(t, scrubbed, "scrubbed0", "%s: %s", name, text)
			assert.Equal(t, scrubbed, clean.text(scrubbed), "%s, again: %s", name, text)
		}
	}
}

// A private key whose end is cut off is one.
func TestScrubber_Text_HalfAPrivateKey(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "key: scrubbed0001", newScrubber(nil, nil).text("key: -----BEGIN PRIVATE "+"KEY-----\nMIIEvQIBADAN-\nBgkqhkiG"))
}

func TestScrubber_Text_WebhookURLs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://hooks.slack.com/services/T0/B0/XyZ123":                          "https://hooks.slack.com/services/scrubbed0001",
		"https://hooks.slack.com/workflows/T0/A0/1/XyZ123 and":                   "https://hooks.slack.com/workflows/scrubbed0001 and",
		"https://discord.com/api/webhooks/123/XyZ-123":                           "https://discord.com/api/webhooks/scrubbed0001",
		"https://acme.webhook.office.com/webhookb2/0a-1b@2c/IncomingWebhook/3/4": "https://acme.webhook.office.com/scrubbed0001",
		"https://x.logic.azure.com/invoke?api-version=1&sig=aB3d_E5":             "https://x.logic.azure.com/invoke?api-version=1&sig=scrubbed0001",
	} {
		assert.Equal(t, want, newScrubber(nil, nil).text(text))
	}
}

// Text that only resembles a token stays: names, hyphenated words, digests, public keys.
func TestScrubber_Text_NoTokenShapes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"pul-infrastructure-of-everything", "sk-learn-and-other-libraries-of-ours", "npm_config_registry_of_the_company",
		"sha256:" + strings.Repeat("0123456789abcdef", 4), "arn:aws:iam::123456789012:role/ASIA-Pacific-Administrators",
		"-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----", "glossary-of-terms-and-definitions",
		"shp_of_the_line", "https://discord.com/channels/1/2", "SKU0123456789", "hvac.unit-of-the-third-building-here",
		"urn:pulumi:dev::web::aws:s3/bucket:Bucket::b", "dapictionary",
	} {
		assert.Equal(t, text, newScrubber(nil, nil).text(text))
	}
}

func TestScrubber_JSON_SecretNames(t *testing.T) {
	t.Parallel()
	const secret = "a1b2c3d4e5"
	for _, name := range []string{
		"secrets", "accessTokens", "access_tokens", "secretValue", "secretValues", "SecretString", "pwd", "db_pwd", "passwordHash", "password_hashes",
		"passwords", "tokenValue", "tokenHash", "apiKeys", "accountKey", "AccountKey", "storage_account_key", "primarySharedKey", "clientKeyData",
		"client-key-data", "privateKeyPem", "connectionString", "sasToken", "gitlabToken", "serviceTokens", "passcode", "licenseKey", "credential", "jwt",
	} {
		for _, text := range []string{
			`{"` + name + `": "` + secret + `"}`, `{"` + name + `": ["` + secret + `"]}`, `{"` + name + `": {"https://api.pulumi.com": "` + secret + `"}}`,
			`[{"name": "` + name + `", "value": "` + secret + `"}]`,
		} {
			assert.NotContains(t, string(newScrubber(nil, nil).json([]byte(text))), secret, text)
		}
		assert.NotContains(t, newScrubber(nil, nil).text(name+"="+secret), secret, name)
		assert.NotContains(t, newScrubber(nil, nil).text("x: 1\n"+name+": "+secret), secret, name)
		assert.NotContains(t, newScrubber(nil, nil).query("x=1&"+name+"="+secret), secret, name)
		assert.NotContains(t, newScrubber(nil, nil).text("Server=db;"+name+"="+secret+";Encrypt=yes"), secret, name)
	}
	for _, name := range []string{
		"tokens", "nextToken", "continuationToken", "secretsProvider", "secretsManager", "secretCount", "publicKey", "key", "keyId", "tokenID", "tokenName",
		"signedBy", "passwordPolicy", "hash", "value", "password_last_changed_at",
	} {
		text := `{"` + name + `":"` + secret + `"}`
		assert.Equal(t, text, string(newScrubber(nil, nil).json([]byte(text))))
	}
}

// A parameter that has the name of a secret and says yes or no is none: a replay has to
// tell them apart.
func TestScrubber_BooleansAreNoSecrets(t *testing.T) {
	t.Parallel()
	const query = "showSecrets=true&hasSecret=false&secret=null"
	assert.Equal(t, query, newScrubber(nil, nil).query(query))
}

func TestTextTrie_ReplacesTheLongest(t *testing.T) {
	t.Parallel()
	var trie textTrie
	for _, text := range []string{"abcd", "ab", "abce", "b", "xyz", "xy1", "abcdefgh", "ab"} {
		trie.add(text, "<"+text+">")
	}
	trie.add("ab", "never")
	for text, want := range map[string]string{
		"": "", "a": "a", "abc": "<ab>c", "abcd": "<abcd>", "abcdefg": "<abcd>efg", "abcdefgh": "<abcdefgh>",
		"aabceb": "a<abce><b>", "xy": "xy", "xyxyz": "xy<xyz>", "xy2xy1": "xy2<xy1>", "\xff\x00": "\xff\x00",
	} {
		assert.Equal(t, want, trie.replace(text), text)
	}
}

// What a secret costs does not depend on how many there are. The work is counted in
// allocations, which are the same on every machine.
func TestScrubber_ASecretCostsTheSameHoweverMany(t *testing.T) { //nolint:paralleltest // it counts allocations
	scrub := func(secrets int) float64 {
		var text strings.Builder
		text.WriteString(`[""`)
		for i := range secrets {
			text.WriteString(`,{"password":"hunter2-` + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("0", i/26) + `","note":"nothing"}`)
		}
		text.WriteString(`]`)
		return testing.AllocsPerRun(1, func() { newScrubber(nil, nil).json([]byte(text.String())) })
	}
	few, many := scrub(100), scrub(800)
	assert.Less(t, many/few, 12.0, "800 secrets should cost about 8 times as much as 100: %g, %g", few, many)
}
