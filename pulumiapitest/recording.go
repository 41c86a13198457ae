package pulumiapitest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// recordingFormat is the version of the file's form.
const recordingFormat = 1

// recording is the file that a Recorder writes.
type recording struct {
	Format int `json:"format"`
	// SecretNames are those of the recorder: a replay scrubs by them, too.
	SecretNames []string           `json:"secretNames,omitzero"`
	Exchanges   []recordedExchange `json:"exchanges"`
}

// recordedExchange has a Response or an Error, or is Aborted.
type recordedExchange struct {
	Request  recordedRequest   `json:"request"`
	Response *recordedResponse `json:"response,omitzero"`
	Error    *recordedError    `json:"error,omitzero"`
	// Aborted says that the client did not wait for the answer, and TimedOut that
	// it had waited as long as it might.
	Aborted  bool `json:"aborted,omitzero"`
	TimedOut bool `json:"timedOut,omitzero"`
}

type recordedRequest struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	Body   body   `json:"body,omitzero"`
}

type recordedResponse struct {
	Status int         `json:"status"`
	Header http.Header `json:"header"`
	Body   body        `json:"body,omitzero"`
	// CutOff says that the body did not arrive to its end.
	CutOff bool `json:"cutOff,omitzero"`
}

type recordedError struct {
	Text string `json:"text"`
	// Dial says that there was no connection to begin with.
	Dial bool `json:"dial,omitzero"`
}

// body is a body in the form that is the best to read: JSON, the lines of a text,
// or else bytes. The zero body is an empty one.
type body struct {
	JSON   json.RawMessage `json:"json,omitzero"`
	Text   []string        `json:"text,omitzero"`
	Base64 []byte          `json:"base64,omitzero"`
	// Gzip is how often it was compressed.
	Gzip int `json:"gzip,omitzero"`
	// LeftOut says that it was too long to be recorded.
	LeftOut bool `json:"leftOut,omitzero"`
}

// maxGzip is more layers of compression than anybody needs.
const maxGzip = 3

// newBody returns a body without its secrets.
func newBody(clean *scrubber, header http.Header, c capture) body {
	if c.tooLong {
		return body{LeftOut: true}
	}
	data, b := c.data, body{}
	for isGzip := true; isGzip && b.Gzip < maxGzip; {
		if data, isGzip = gunzipped(data, c.limit); isGzip {
			b.Gzip++
		}
		if isGzip && c.limit > 0 && int64(len(data)) > c.limit {
			return body{LeftOut: true}
		}
	}
	mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch {
	case len(data) == 0:
	case !utf8.Valid(data):
		b.Base64 = []byte(clean.text(string(data)))
	case json.Valid(data):
		b.JSON = clean.json(data)
	case mediaType == "application/x-www-form-urlencoded":
		b.Text = []string{clean.query(string(data))}
	default:
		text, isJSON := clean.jsonDocuments(data)
		if !isJSON {
			text = clean.text(string(data))
		}
		b.Text = strings.SplitAfter(text, "\n")
		if last := len(b.Text) - 1; b.Text[last] == "" {
			b.Text = b.Text[:last]
		}
	}
	return b
}

// gunzipped returns data as it is without compression, up to where it is cut off,
// broken or longer than the limit, if that is not 0, and whether there was any. Nothing
// else begins like this, and some of the service's answers don't say it.
func gunzipped(data []byte, limit int64) ([]byte, bool) {
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, false
	}
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return data, false
	}
	var unpacked io.Reader = reader
	if limit > 0 {
		unpacked = io.LimitReader(reader, limit+1)
	}
	plain, _ := io.ReadAll(unpacked) // what is broken behind that is not worth its secrets
	return plain, true
}

// bytes returns the body as it is sent.
func (b body) bytes() ([]byte, error) {
	data := b.Base64
	switch {
	case b.LeftOut:
		return nil, errors.New("its body was too long to be recorded: see WithMaxBody")
	case b.JSON != nil:
		var compact bytes.Buffer
		if err := json.Compact(&compact, b.JSON); err != nil {
			return nil, err
		}
		data = compact.Bytes()
	case b.Text != nil:
		data = []byte(strings.Join(b.Text, ""))
	}
	for range b.Gzip {
		data = gzipped(data)
	}
	return data, nil
}

// encodeRecording returns the file.
func encodeRecording(r recording) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false) // for people to read
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// decodeRecording reads a file. lines has the line of each exchange. Its errors begin
// with the line.
func decodeRecording(data []byte) (r recording, lines []int, err error) {
	var outer struct {
		Format      int               `json:"format"`
		SecretNames []string          `json:"secretNames"`
		Exchanges   []json.RawMessage `json:"exchanges"`
	}
	if err := json.Unmarshal(data, &outer); err != nil {
		return r, nil, fmt.Errorf("%d: %w", errorLine(data, err), err)
	}
	if outer.Format != recordingFormat {
		return r, nil, fmt.Errorf("1: the format is %d, and only %d is known", outer.Format, recordingFormat)
	}
	r = recording{Format: outer.Format, SecretNames: outer.SecretNames, Exchanges: make([]recordedExchange, len(outer.Exchanges))}
	lines = make([]int, len(outer.Exchanges))
	at, line := 0, 1
	for i, raw := range outer.Exchanges {
		next := at + bytes.Index(data[at:], raw) // which is as it was
		line += bytes.Count(data[at:next], []byte("\n"))
		at, lines[i] = next, line
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields() // whoever edits the file may mistype
		if err := decoder.Decode(&r.Exchanges[i]); err != nil {
			return r, nil, fmt.Errorf("%d: %w", lines[i]+errorLine(raw, err)-1, err)
		}
		if err := r.Exchanges[i].check(); err != nil {
			return r, nil, fmt.Errorf("%d: %w", lines[i], err)
		}
	}
	return r, lines, nil
}

func (x recordedExchange) check() error {
	switch {
	case x.Request.Method == "" || x.Request.URL == "":
		return errors.New("a request needs a method and a url")
	case x.Response == nil && x.Error == nil && !x.Aborted:
		return errors.New("there is neither a response nor an error, and the request was not aborted")
	case x.Response != nil && (x.Response.Status < 100 || x.Response.Status > 999):
		return fmt.Errorf("the status %d is none", x.Response.Status)
	}
	return nil
}

// errorLine returns the line in data that an error of encoding/json is about.
func errorLine(data []byte, err error) int {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return lineAt(data, int(syntax.Offset))
	}
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return lineAt(data, int(mistyped.Offset))
	}
	return 1
}

func lineAt(data []byte, offset int) int {
	return 1 + bytes.Count(data[:min(offset, len(data))], []byte("\n"))
}
