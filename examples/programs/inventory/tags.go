package main

import (
	"errors"
	"strings"

	"github.com/pulumiapi/pulumiapi"
)

// tagFilter is what a tag must be like.
type tagFilter struct {
	name, value string
	anyValue    bool
}

func (f tagFilter) matches(tags map[string]string) bool {
	value, found := tags[f.name]
	if f.anyValue {
		return found
	}
	return value == f.value // what is missing is as good as empty
}

// tagFilters is the flag -tag, which may be given several times.
type tagFilters []tagFilter

// Set adds a filter.
func (fs *tagFilters) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if name == "" {
		return errors.New("needs the name of a tag: name=value")
	}
	*fs = append(*fs, tagFilter{name: name, value: value, anyValue: !found})
	return nil
}

// String says nothing: there is no default to show.
func (fs *tagFilters) String() string { return "" }

func (fs tagFilters) match(tags map[string]string) bool {
	for _, f := range fs {
		if !f.matches(tags) {
			return false
		}
	}
	return true
}

// narrow lets the service do what it can: it compares one tag, if that must be
// there.
func (fs tagFilters) narrow(opts *pulumiapi.StackListOptions) {
	for _, f := range fs {
		if f.anyValue || f.value != "" {
			opts.TagName, opts.TagValue = f.name, f.value
			return
		}
	}
}

// isBuiltIn reports whether Pulumi sets the tag itself, on nearly every stack.
func isBuiltIn(tag string) bool {
	return strings.HasPrefix(tag, "pulumi:") || strings.HasPrefix(tag, "vcs:") || strings.HasPrefix(tag, "gitHub:")
}
