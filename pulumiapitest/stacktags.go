package pulumiapitest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
)

var stackTagRoutes = []route{
	{
		endpoint: "POST /api/stacks/{orgName}/{projectName}/{stackName}/tags",
		handle:   (*Server).addStackTag,
	},
	{
		endpoint: "PATCH /api/stacks/{orgName}/{projectName}/{stackName}/tags",
		handle:   (*Server).replaceStackTags,
	},
	{
		endpoint: "PATCH /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}",
		handle:   (*Server).updateStackTag,
	},
	{
		endpoint: "DELETE /api/stacks/{orgName}/{projectName}/{stackName}/tags/{tagName}",
		handle:   (*Server).deleteStackTag,
	},
}

// projectTag is the one tag that every stack has.
const projectTag = "pulumi:project"

// builtInTags cannot be changed or deleted one by one.
var builtInTags = []string{
	projectTag, "pulumi:runtime", "pulumi:description", "pulumi:template",
	"vcs:owner", "vcs:repo", "vcs:kind", "vcs:root",
}

var tagNameRule = regexp.MustCompile(`^[a-zA-Z0-9_.:-]{1,40}$`)

const maxTagValue = 256 // bytes

func checkTag(name, value string) error {
	if !tagNameRule.MatchString(name) {
		return badRequest("invalid tag name '%s': a name has 1 to 40 letters, digits, hyphens, underscores, periods and colons", name)
	}
	if len(value) > maxTagValue {
		return badRequest("invalid value of tag '%s': %d bytes, and %d are allowed", name, len(value), maxTagValue)
	}
	return nil
}

// checkTags checks a whole set of tags for a stack of the project.
func checkTags(project string, tags map[string]*string) (map[string]string, error) {
	checked := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		value := tags[name]
		if value == nil {
			return nil, badRequest("invalid value of tag '%s': it must be text, not null", name)
		}
		if err := checkTag(name, *value); err != nil {
			return nil, err
		}
		if name == projectTag && *value != project {
			return nil, badRequest("tag '%s' must be '%s', the project of the stack", projectTag, project)
		}
		checked[name] = *value
	}
	return checked, nil
}

type wireStackTag struct {
	Name  *string `json:"name"`
	Value *string `json:"value"`
}

// decodeTag reads a tag from the body, which must have both members.
func decodeTag(c *call) (name, value string, err error) {
	var tag wireStackTag
	if err := c.decode(&tag); err != nil {
		return "", "", err
	}
	if tag.Name == nil || tag.Value == nil {
		return "", "", badRequest("invalid request body: a tag needs a name and a value")
	}
	return *tag.Name, *tag.Value, checkTag(*tag.Name, *tag.Value)
}

func (s *Server) addStackTag(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	name, value, err := decodeTag(c)
	if err != nil {
		return reply{}, err
	}
	if _, exists := st.tags[name]; exists {
		return reply{}, badRequest("tag '%s' already exists on stack '%s'", name, st)
	}
	st.tags[name] = value
	s.logTag(c, st, "Stack Tag Added", name)
	return noContent, nil
}

// logTag writes a change of a stack's tag into the audit log.
func (s *Server) logTag(c *call, st *stack, event, name string) {
	s.logStack(c, st, event, fmt.Sprintf("%s: %q on stack %q", event, name, st.slug()))
}

func (s *Server) updateStackTag(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	name, value, err := decodeTag(c)
	if err != nil {
		return reply{}, err
	}
	if inPath := c.param("tagName"); name != inPath {
		return reply{}, badRequest("the body is about tag '%s', the path about tag '%s'", name, inPath)
	}
	if err := checkCustomTag(st, name); err != nil {
		return reply{}, err
	}
	st.tags[name] = value
	s.logTag(c, st, "Stack Tag Updated", name)
	return noContent, nil
}

func (s *Server) deleteStackTag(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	name := c.param("tagName")
	if err := checkCustomTag(st, name); err != nil {
		return reply{}, err
	}
	delete(st.tags, name)
	s.logTag(c, st, "Stack Tag Deleted", name)
	return noContent, nil
}

// checkCustomTag fails unless the stack has the tag and users may change it.
func checkCustomTag(st *stack, name string) error {
	if slices.Contains(builtInTags, name) {
		return badRequest("tag '%s' is built in, and cannot be changed or deleted", name)
	}
	if _, exists := st.tags[name]; !exists {
		return notFound("Tag '%s' not found on stack '%s'", name, st)
	}
	return nil
}

// replaceStackTags keeps the project's tag, even if it is not among the new ones:
// there is no stack without a project.
func (s *Server) replaceStackTags(c *call) (reply, error) {
	st, err := s.findStack(c)
	if err != nil {
		return reply{}, err
	}
	var req map[string]*string
	if err := c.decode(&req); err != nil {
		return reply{}, err
	}
	if req == nil {
		return reply{}, badRequest("invalid request body: a map of tags is expected, not null")
	}
	tags, err := checkTags(st.project, req)
	if err != nil {
		return reply{}, err
	}
	tags[projectTag] = st.project
	st.tags = tags
	s.logStack(c, st, "Stack Tags Replaced", fmt.Sprintf("Replaced all tags of stack %q", st.slug()))
	return noContent, nil
}
