package spec

import (
	"encoding/base64"
	"errors"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
)

// formats are the formats of strings that are looked at.
var formats = []openapi3.SchemaValidationOption{
	openapi3.EnableFormatValidation(),
	openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
		"date-time": openapi3.NewCallbackValidator(func(text string) error {
			_, err := time.Parse(time.RFC3339, text)
			return err
		}),
		FormatTime: openapi3.NewCallbackValidator(func(text string) error {
			for _, layout := range []string{time.RFC3339, time.DateTime} {
				if _, err := time.Parse(layout, text); err == nil {
					return nil
				}
			}
			return errors.New("is not a time")
		}),
		FormatBase64: openapi3.NewCallbackValidator(func(text string) error {
			_, err := base64.StdEncoding.DecodeString(text)
			return err
		}),
	}),
}
