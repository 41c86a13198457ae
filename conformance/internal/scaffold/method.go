package scaffold

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// shape is how a method looks.
type shape struct {
	name   string
	isList bool
	// response is what the service answers; nil if that is nothing, or text.
	response *openapi3.SchemaRef
	// items is the member that a list is, token the one that names the next page,
	// total and size those that count.
	items              property
	token, total, size string
	// tokenName and sizeName are the query parameters of the next page.
	tokenName, sizeName string
}

const (
	shapeNothing  = "nothing"
	shapeAsks     = "asks whether there is something"
	shapeText     = "text"
	shapeOne      = "one thing"
	shapeAll      = "a list that is the whole response"
	shapeWhole    = "a list that comes as a whole"
	shapeByToken  = "a list by token" //nolint:gosec // no credentials
	shapeByNumber = "a list by number"
	shapeByRow    = "a list by row"
)

// findShape finds out how the method looks.
func (b *builder) findShape() shape {
	var s shape
	for status := http.StatusOK; status < http.StatusMultipleChoices; status++ {
		response := b.described.Responses.Status(status)
		if response == nil || response.Value == nil {
			continue
		}
		for contentType, media := range response.Value.Content {
			if contentType == jsonType && media.Schema != nil {
				s.response = media.Schema
			} else {
				s.name = shapeText
			}
		}
	}
	if s.response != nil {
		s.name = shapeOne
	}
	switch {
	case b.operation.Method == http.MethodHead:
		return shape{name: shapeAsks}
	case s.response == nil:
		s.name = cmp.Or(s.name, shapeNothing)
		return s
	case s.response.Value.Type.Is(openapi3.TypeArray):
		s.name, s.isList = shapeAll, true
		return s
	}
	b.findList(&s)
	return s
}

const jsonType = "application/json"

// findList finds the list that an object holds, if that is all that matters of it.
func (b *builder) findList(s *shape) {
	var lists []property
	others := 0
	for _, p := range propertiesOf(s.response) {
		switch {
		case p.ref.Value.Type.Is(openapi3.TypeArray) && p.ref.Value.Items.Value.Format != "byte":
			lists = append(lists, p)
		case slices.Contains([]string{"continuationToken", "nextToken"}, p.name):
			s.token = p.name
		case slices.Contains([]string{"total", "totalCount", "rowCount"}, p.name):
			s.total = p.name
		case p.name == "itemsPerPage":
			s.size = p.name
		default:
			others++
		}
	}
	if len(lists) != 1 {
		return
	}
	s.items = lists[0]
	s.tokenName = b.queryOf("continuationToken", "nextToken", "token")
	s.sizeName = b.queryOf("maxResults", "pageSize", "count", "size", "limit")
	switch {
	case s.token != "" && s.tokenName != "":
		s.name, s.isList = shapeByToken, true
	case b.queryOf("page") != "":
		s.name, s.isList = shapeByNumber, true
	case b.hasRows():
		s.name, s.isList = shapeByRow, true
	case others == 0 && s.token == "" && b.operation.Method == http.MethodGet:
		s.name, s.isList = shapeWhole, true
	}
}

// queryOf returns the first of some query parameters that the operation has.
func (b *builder) queryOf(names ...string) string {
	for _, name := range names {
		if slices.ContainsFunc(b.operation.Query, func(p *openapi3.Parameter) bool { return p.Name == name }) {
			return name
		}
	}
	return ""
}

// body returns the schema of the request's body, or nil.
func (b *builder) body() *openapi3.SchemaRef {
	if b.described.RequestBody == nil {
		return nil
	}
	if media := b.described.RequestBody.Value.Content[jsonType]; media != nil {
		return media.Schema
	}
	return nil
}

// hasRows reports whether the body asks for rows, as a grid does.
func (b *builder) hasRows() bool {
	body := b.body()
	return body != nil && slices.ContainsFunc(propertiesOf(body), func(p property) bool { return p.name == "startRow" })
}

// method returns the endpoint, the options and the method, or both methods of a list.
func (b *builder) method(service, method string) string {
	m := methodText{builder: b, service: service, name: method, variable: b.variable(service, method)}
	m.result()
	m.arguments()
	var out strings.Builder
	out.WriteString(m.options())
	out.WriteString(m.endpoint())
	if b.isPaged() {
		out.WriteString(m.walk())
	}
	out.WriteString(m.text())
	return out.String()
}

func (b *builder) isPaged() bool {
	return slices.Contains([]string{shapeByToken, shapeByNumber, shapeByRow}, b.shape.name)
}

// methodText writes a method.
type methodText struct {
	*builder

	service, name, variable string
	item                    string   // the type of what it returns, or of an element
	parameters              []string // with their types
	argumentNames           []string // their names
	optionFields            []string
	optionsType             string
	bodyArgument            string // the expression of the body
	bodyName                string
	contentType             string // of a body that is no JSON
}

// result finds the type of what the method returns.
func (m *methodText) result() {
	w := &m.response
	switch m.shape.name {
	case shapeAll:
		m.item = w.typeOf(m.shape.response.Value.Items, property{name: m.noun})
	case shapeWhole, shapeByToken, shapeByNumber, shapeByRow:
		m.item = w.typeOf(m.shape.items.ref.Value.Items, m.shape.items)
	case shapeOne:
		m.item = w.typeOf(m.shape.response, property{name: "response"})
	}
}

// arguments finds the method's parameters.
func (m *methodText) arguments() {
	add := func(name, goType string) {
		if !slices.Contains(m.argumentNames, name) {
			m.argumentNames = append(m.argumentNames, name)
			m.parameters = append(m.parameters, name+" "+goType)
		}
	}
	for _, p := range m.builder.parameters {
		name, _, _ := strings.Cut(p.name, ".")
		add(name, p.goType)
		if strings.HasPrefix(p.argument, "strconv.") {
			m.response.imports["strconv"] = true
		}
	}
	body := m.body()
	switch {
	case m.shape.name == shapeByRow:
	case body != nil && len(propertiesOf(body)) > 0 && body.Value.Discriminator == nil:
		add("req", m.request.typeOf(body, property{name: "request"}))
		m.bodyArgument, m.bodyName = "req", "req"
	case body != nil:
		add("body", m.request.typeOf(body, property{name: "body"}))
		m.bodyArgument, m.bodyName = "body", "body"
	case len(m.operation.BodyTypes) > 0:
		m.response.imports["io"] = true
		m.response.imports["github.com/pulumiapi/pulumiapi/internal/transport"] = true
		add("body", "io.Reader")
		m.contentType = m.operation.BodyTypes[0]
	}
	m.findOptions()
	if len(m.optionFields) > 0 {
		m.optionsType = m.free(m.noun + m.name + "Options")
		if m.isPaged() {
			m.optionsType = m.free(m.noun + "ListOptions")
		}
		add("opts", "*"+m.optionsType)
	}
}

func (m *methodText) free(name string) string { return m.request.free(name) }

// findOptions finds what the options hold.
func (m *methodText) findOptions() {
	for _, p := range m.operation.Query {
		if m.isPaged() && slices.Contains([]string{m.shape.tokenName, m.shape.sizeName, "page", "pageSize"}, p.Name) {
			continue
		}
		field, goType, tag := goName(p.Name), "string", p.Name+",omitempty"
		if m.isPaged() && slices.Contains([]string{"Cursor", "PageSize", "NoPrefetch", "Parallel", "Filter", "Sort"}, field) {
			field = "Query" + field // the options have one of that name
		}
		if p.Schema != nil {
			goType = m.request.typeOf(p.Schema, property{name: p.Name, owner: m.noun})
		}
		if goType == "time.Time" {
			tag += ",unix"
		}
		comment := ""
		if p.Required {
			comment = "\t" + todo + "the service wants " + p.Name + ": give it a default, or make it an argument.\n"
		}
		m.optionFields = append(m.optionFields, fmt.Sprintf("%s\t%s %s `url:%q`\n", comment, field, goType, tag))
	}
	if !m.isPaged() {
		return
	}
	if m.shape.name == shapeByRow {
		m.optionFields = append(m.optionFields, "\t// Filter narrows the list down; see [FilterAnd].\n\tFilter GridFilter `url:\"-\"`\n",
			"\t// Sort orders the list: by its first element, then by the second, and so on.\n\tSort []GridSort `url:\"-\"`\n")
	}
	if m.shape.sizeName != "" || m.shape.name != shapeByToken {
		m.optionFields = append(m.optionFields, "\t"+todo+"say how large a page may be.\n\tPageSize int `url:\"-\"`\n")
	}
	m.optionFields = append(m.optionFields,
		"\t// Cursor is where to begin: a [Page.Next] of this list.\n\tCursor Cursor `url:\"-\"`\n",
		"\t// NoPrefetch fetches a page only when the loop gets there, never ahead.\n\tNoPrefetch bool `url:\"-\"`\n")
	if m.shape.name != shapeByToken {
		m.optionFields = append(m.optionFields, "\t"+todo+"say what Parallel does, as the other lists do.\n\tParallel int `url:\"-\"`\n")
	}
}

func (m *methodText) options() string {
	if len(m.optionFields) == 0 {
		return ""
	}
	declaration := fmt.Sprintf("%ssay what %s choose.\ntype %s struct {\n%s}\n\n", todo, m.optionsType, m.optionsType, strings.Join(m.optionFields, ""))
	if !m.isPaged() {
		return declaration
	}
	parallel := ""
	if m.shape.name != shapeByToken {
		parallel = ", parallel: o.Parallel"
	}
	return declaration + fmt.Sprintf("func (o *%s) walkOptions() walkOptions {\n\treturn walkOptions{cursor: &o.Cursor, noPrefetch: o.NoPrefetch%s}\n}\n\n",
		m.optionsType, parallel)
}

func (m *methodText) endpoint() string {
	read := ""
	if m.shape.name == shapeByRow || m.shape.isList && m.operation.Method == http.MethodPost {
		read = ", Read: true"
	}
	method := m.operation.Method[:1] + strings.ToLower(m.operation.Method[1:])
	return fmt.Sprintf("var %s = Endpoint{Method: http.Method%s, Template: %q%s}\n\n", m.variable, method, m.operation.Template, read)
}

// comment returns a method's comment.
func (m *methodText) comment(name, what string) string {
	deprecated := ""
	if m.operation.Deprecated {
		deprecated = "//\n// Deprecated: TODO(scaffold): say what to use instead.\n"
	}
	return fmt.Sprintf("%s%s %s\n//\n// Pulumi Cloud: %s\n%s", todo, name, what, m.operation, deprecated)
}

// head returns the beginning of a method.
func (m *methodText) head(name, results string) string {
	return fmt.Sprintf("func (s *%sService) %s(%s) %s {\n", m.service, name, strings.Join(append([]string{"ctx context.Context"}, m.parameters...), ", "), results)
}

// walk returns the method that walks a list.
func (m *methodText) walk() string {
	m.response.imports["iter"] = true
	arguments := strings.Join(append(slices.Clone(m.argumentNames[:len(m.argumentNames)-1]), "o"), ", ")
	return m.comment(m.name, "walks what?") +
		m.head(m.name, fmt.Sprintf("iter.Seq2[*%s, error]", m.item)) +
		fmt.Sprintf("\treturn walk(ctx, opts, func(ctx context.Context, o *%s) (*Page[%s], error) {\n\t\treturn s.%sPage(ctx, %s)\n\t})\n}\n\n",
			m.optionsType, m.item, m.name, arguments)
}

// call returns the literal of the call.
func (m *methodText) call(more string) string {
	var args []string
	for _, p := range m.builder.parameters {
		args = append(args, fmt.Sprintf("{%q, %s}", p.name, p.argument))
	}
	text := "call{endpoint: " + m.variable
	if len(args) > 0 {
		text += ", args: []pathArg{" + strings.Join(args, ", ") + "}"
	}
	if m.contentType != "" {
		text += fmt.Sprintf(", body: transport.ReaderBody(body), contentType: %q", m.contentType)
	}
	return text + more + "}"
}

// text returns the method, or of a list that of a page.
func (m *methodText) text() string {
	if m.isPaged() {
		return m.page()
	}
	query, more, zero := "", "", m.zero()
	if m.optionsType != "" {
		query = fmt.Sprintf("\tvalues, err := encodeQuery(optionsOf(opts))\n\tif err != nil {\n\t\treturn %serr\n\t}\n", zero)
		more = ", query: values"
	}
	fetch := func(t string) string {
		if m.bodyArgument != "" {
			return fmt.Sprintf("fetchWithBody[%s](ctx, s.client, %s, %q, %s)", t, m.call(more), m.bodyName, m.bodyArgument)
		}
		return fmt.Sprintf("fetch[%s](ctx, s.client, %s)", t, m.call(more))
	}
	failed := fmt.Sprintf("\tif err != nil {\n\t\treturn %serr\n\t}\n", zero)
	start := m.comment(m.name, "does what?")
	switch m.shape.name {
	case shapeAsks:
		return start + m.head(m.name, "(bool, error)") + query + "\treturn exists(ctx, s.client, " + m.call(more) + ")\n}\n"
	case shapeText:
		m.response.imports["io"] = true
		return start + m.head(m.name, "(io.ReadCloser, error)") + query + m.textBody(more) + "}\n"
	case shapeNothing:
		do := "execute(ctx, s.client, " + m.call(more) + ")"
		if m.bodyArgument != "" {
			do = fmt.Sprintf("executeWithBody(ctx, s.client, %s, %q, %s)", m.call(more), m.bodyName, m.bodyArgument)
		}
		return start + m.head(m.name, "error") + query + "\treturn " + do + "\n}\n"
	case shapeAll:
		return start + m.head(m.name, "([]"+m.item+", error)") + query + "\tanswer, err := " + fetch("[]"+m.item) + "\n" + failed + "\treturn *answer, nil\n}\n"
	case shapeWhole:
		answer := fmt.Sprintf("struct {\n\t\t%s []%s `json:%q`\n\t}", goName(m.shape.items.name), m.item, m.shape.items.name)
		return start + m.head(m.name, "([]"+m.item+", error)") + query + "\tanswer, err := " + fetch(answer) + "\n" + failed +
			"\treturn answer." + goName(m.shape.items.name) + ", nil\n}\n"
	}
	if zero == "nil, " && m.item != "json.RawMessage" && !strings.HasPrefix(m.item, "map[") {
		return start + m.head(m.name, "(*"+m.item+", error)") + query + "\treturn " + fetch(m.item) + "\n}\n"
	}
	if m.item == "json.RawMessage" {
		return start + m.head(m.name, "(json.RawMessage, error)") + query + "\tanswer, err := " + fetch("rawAnswer") + "\n" + failed + "\treturn answer.data, nil\n}\n"
	}
	return start + m.head(m.name, "("+m.item+", error)") + query + "\tanswer, err := " + fetch(m.item) + "\n" + failed + "\treturn *answer, nil\n}\n"
}

// textBody returns what a method of text does.
func (m *methodText) textBody(more string) string {
	if m.bodyArgument == "" {
		return "\treturn openText(ctx, s.client, " + m.call(more) + ")\n"
	}
	return "\tr := " + m.call(more) + "\n\tvar bodyErr error\n" +
		fmt.Sprintf("\tif r.body, bodyErr = jsonBody(%q, %s); bodyErr != nil {\n\t\treturn nil, bodyErr\n\t}\n", m.bodyName, m.bodyArgument) +
		"\treturn openText(ctx, s.client, r)\n"
}

// zero returns what a method returns beside an error.
func (m *methodText) zero() string {
	switch {
	case m.shape.name == shapeNothing:
		return ""
	case m.shape.name == shapeAsks:
		return "false, "
	case m.shape.name != shapeOne:
		return "nil, "
	}
	switch m.item {
	case "string":
		return `"", `
	case "int", "float64":
		return "0, "
	case "bool":
		return "false, "
	}
	return "nil, "
}

// page returns the method that gets a page of a list.
func (m *methodText) page() string {
	var answer strings.Builder
	fmt.Fprintf(&answer, "\ttype answer struct {\n\t\t%s []%s `json:%q`\n", goName(m.shape.items.name), m.item, m.shape.items.name)
	for _, member := range []struct{ name, goType string }{{m.shape.token, "string"}, {m.shape.total, "int"}, {m.shape.size, "int"}} {
		if member.name != "" {
			fmt.Fprintf(&answer, "\t\t%s %s `json:%q`\n", goName(member.name), member.goType, member.name)
		}
	}
	answer.WriteString("\t}\n")
	start := m.comment(m.name+"Page", "returns one page of what?") + m.head(m.name+"Page", "(*Page["+m.item+"], error)") + "\to := optionsOf(opts)\n" + answer.String()
	items := "a." + goName(m.shape.items.name)
	count := func(name string) string {
		if name == "" {
			return "0"
		}
		return "a." + goName(name)
	}
	size := ""
	if m.shape.sizeName != "" {
		size = fmt.Sprintf(", size: o.PageSize, sizeName: %q", m.shape.sizeName)
	}
	switch m.shape.name {
	case shapeByToken:
		return start + fmt.Sprintf("\treturn fetchTokenPage(ctx, s.client, %s,\n\t\tpaging{cursor: o.Cursor, tokenName: %q%s}, o,\n"+
			"\t\tfunc(a *answer) (*[]%s, *string) { return &%s, &a.%s })\n}\n", m.call(""), m.shape.tokenName, size, m.item, items, goName(m.shape.token))
	case shapeByNumber:
		return start + fmt.Sprintf("\treturn fetchNumberedPage(ctx, s.client, %s, o.Cursor, o.PageSize, o,\n"+
			"\t\tfunc(a *answer) ([]%s, int, int) { return %s, %s, %s })\n}\n", m.call(""), m.item, items, count(m.shape.total), count(m.shape.size))
	}
	return start + fmt.Sprintf("\ta, p, err := fetchRows[answer](ctx, s.client, %s,\n\t\tgridRows{kind: rowCursor, cursor: o.Cursor, size: o.PageSize, filter: o.Filter, sort: o.Sort})\n"+
		"\tif err != nil {\n\t\treturn nil, err\n\t}\n\treturn rowPage(p, %s, %s), nil\n}\n", m.call(""), items, count(m.shape.total))
}
