package pulumiapitest

import "regexp"

// secretShapes are the forms of secrets that are recognized wherever they stand: tokens
// of Pulumi and of services that programs manage with it, JSON web tokens, private
// keys, and webhook URLs that let everyone post who knows them.
var secretShapes = []hinted{
	// Pulumi.
	{[]string{"pul"}, regexp.MustCompile(`\bpul[a-z]?-[0-9A-Za-z_+/=.~-]{16,}`)},
	// JSON web tokens.
	{[]string{"eyJ"}, regexp.MustCompile(`eyJ[0-9A-Za-z_-]{5,}\.[0-9A-Za-z_-]{4,}\.[0-9A-Za-z_-]*`)},
	// Private keys, of which the end may be cut off: PEM, PGP, age.
	{[]string{"PRIVATE KEY"}, regexp.MustCompile(`(?s)-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*KEY[A-Z ]*-----|$)`)},
	{[]string{"AGE-SECRET-KEY-"}, regexp.MustCompile(`AGE-SECRET-KEY-1[0-9A-Z]{20,}`)},
	// AWS.
	{[]string{"AKIA", "ASIA"}, regexp.MustCompile(`\b(?:AKIA|ASIA)[0-9A-Z]{16}\b`)},
	// Google: API keys, OAuth clients, OAuth access tokens.
	{[]string{"AIza"}, regexp.MustCompile(`AIza[0-9A-Za-z_-]{30,}`)},
	{[]string{"GOCSPX-"}, regexp.MustCompile(`GOCSPX-[0-9A-Za-z_-]{20,}`)},
	{[]string{"ya29."}, regexp.MustCompile(`\bya29\.[0-9A-Za-z_-]{20,}`)},
	// Azure: secrets of applications.
	{[]string{"Q~"}, regexp.MustCompile(`[0-9A-Za-z_.~-]{3}[0-9]Q~[0-9A-Za-z_.~-]{31,34}`)},
	// GitHub, GitLab, Atlassian.
	{[]string{"gh", "github_pat_"}, regexp.MustCompile(`gh[pousr]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}`)},
	{[]string{"gl"}, regexp.MustCompile(`gl(?:pat|ptt|dt|rt|rtr|soat|ft|imt|agent|cbt|oas|ffct)-[0-9A-Za-z_.-]{16,}`)},
	{[]string{"ATATT3", "ATCTT3"}, regexp.MustCompile(`AT[AC]TT3[0-9A-Za-z_=-]{20,}`)},
	// Package registries: npm, PyPI, RubyGems, Docker.
	{[]string{"npm_"}, regexp.MustCompile(`\bnpm_[0-9A-Za-z]{20,}`)},
	{[]string{"pypi-"}, regexp.MustCompile(`\bpypi-AgE[0-9A-Za-z_-]{20,}`)},
	{[]string{"rubygems_"}, regexp.MustCompile(`rubygems_[0-9a-f]{20,}`)},
	{[]string{"dckr_"}, regexp.MustCompile(`dckr_[po]at_[0-9A-Za-z_-]{20,}`)},
	// Slack, Discord, Microsoft Teams.
	{[]string{"xox", "xapp-"}, regexp.MustCompile(`xox[a-z]-[0-9A-Za-z-]{10,}|xapp-[0-9]-[0-9A-Za-z-]{10,}`)},
	{[]string{"hooks.slack.com"}, regexp.MustCompile(`hooks\.slack\.com/(?:services|workflows|triggers)/[\w%.+~/-]+`)},
	{[]string{"/api/webhooks/"}, regexp.MustCompile(`discord(?:app)?\.com/api/webhooks/[\w%.+~/-]+`)},
	{[]string{".webhook.office.com"}, regexp.MustCompile(`\.webhook\.office\.com/[\w%.+~@/-]+`)},
	// Payment, mail and telephony: Stripe, Shopify, SendGrid, Twilio.
	{[]string{"_live_", "_test_"}, regexp.MustCompile(`[rs]k_(?:live|test)_[0-9A-Za-z]{10,}`)},
	{[]string{"whsec_"}, regexp.MustCompile(`whsec_[0-9A-Za-z+/=]{16,}`)},
	{[]string{"shp"}, regexp.MustCompile(`shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{20,}`)},
	{[]string{"SG."}, regexp.MustCompile(`\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}`)},
	{[]string{"SK"}, regexp.MustCompile(`\bSK[0-9a-f]{32}\b`)},
	// Clouds and their tools: DigitalOcean, Vault, Terraform, Databricks, Grafana, Linear.
	{[]string{"_v1_"}, regexp.MustCompile(`do[opr]_v1_[0-9a-f]{32,}`)},
	{[]string{"hv"}, regexp.MustCompile(`\bhv[sbr]\.[0-9A-Za-z_-]{20,}`)},
	{[]string{".atlasv1."}, regexp.MustCompile(`[0-9A-Za-z]{10,}\.atlasv1\.[0-9A-Za-z_=-]{40,}`)},
	{[]string{"dapi"}, regexp.MustCompile(`\bdapi[0-9a-f]{32}\b`)},
	{[]string{"glsa_", "glc_"}, regexp.MustCompile(`\bgl(?:sa|c)_[0-9A-Za-z_+/=]{20,}`)},
	{[]string{"lin_api_"}, regexp.MustCompile(`lin_api_[0-9A-Za-z]{20,}`)},
	// OpenAI, Anthropic, Hugging Face.
	{[]string{"sk-"}, regexp.MustCompile(`\bsk-(?:proj-|ant-|svcacct-|admin-)?[0-9A-Za-z_-]{20,}`)},
	{[]string{"hf_"}, regexp.MustCompile(`\bhf_[0-9A-Za-z]{30,}`)},
}

// wordy are shapes that words with hyphens between have, too: such a text is taken for a
// secret if it has a digit.
var wordy = regexp.MustCompile(`^(?:pul[a-z]?|sk)-`)

// publicPart is what a webhook URL begins with, up to what must not be known.
var publicPart = regexp.MustCompile(`^(?:hooks\.slack\.com/\w+/|discord(?:app)?\.com/api/webhooks/|\.webhook\.office\.com/)`)
