package program

import (
	"errors"
	"strings"
)

// Texts is a flag that may be given more than once.
type Texts []string

// Set adds a text.
func (t *Texts) Set(text string) error {
	if text == "" {
		return errors.New("must not be empty")
	}
	*t = append(*t, text)
	return nil
}

// String returns the texts.
func (t *Texts) String() string { return strings.Join(*t, ", ") }
