package faults_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pulumiapi/pulumiapi"
	"github.com/pulumiapi/pulumiapi/internal/testkit"
)

// oneOfEachShape are the names of operations that differ in what they send and
// what becomes of the answer.
var oneOfEachShape = []string{
	"Stacks.Get", "Stacks.List", "Teams.Create", "Stacks.Delete", "Webhooks.Update", "AuditLogs.Export",
}

func shapes(t *testing.T) []testkit.Operation {
	t.Helper()
	var chosen []testkit.Operation
	for _, o := range matrixOperations() {
		if slices.Contains(oneOfEachShape, o.Name) {
			chosen = append(chosen, o)
		}
	}
	require.Len(t, chosen, len(oneOfEachShape), "operations of these names")
	return chosen
}

// Frames of HTTP/2 (RFC 9113, section 6), and what they say.
const (
	frameData      = 0x0
	frameHeaders   = 0x1
	frameRSTStream = 0x3
	frameSettings  = 0x4
	framePing      = 0x6
	frameGoAway    = 0x7

	frameWindowUpdate = 0x8
	frameContinuation = 0x9
	// longestFrame is what every client takes.
	longestFrame = 16 << 10

	flagEndStream  = 0x1
	flagAck        = 0x1
	flagEndHeaders = 0x4

	codeNo            = 0x0
	codeProtocol      = 0x1
	codeInternal      = 0x2
	codeRefusedStream = 0x7
	codeEnhanceYour   = 0xb
	codeLast          = 0xd // RFC 9113, section 7

	http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
)

// http2Fault is a fault that a server strikes with over HTTP/2.
type http2Fault struct {
	fault
	strike func(s *http2Stream)
}

// refusedStream proves that nothing has been done. Of a request without a body, net/http
// does not say why it would send it again.
func refusedStream() fault {
	return fault{name: "REFUSED_STREAM", effect: func(o testkit.Operation, _ mode) effect {
		if o.Endpoint.Method == http.MethodPost || o.Endpoint.Method == http.MethodPatch {
			return unsent
		}
		return lost
	}}
}

// answerFaultsOverHTTP2 are the faults of the matrix that are answers, whatever
// the version of HTTP.
func answerFaultsOverHTTP2(t *testing.T) []http2Fault {
	t.Helper()
	chosen := []string{
		"503", "429", "500 with 100 MB of body", "503 whose body never ends", "503 and silence",
		"redirect to another port", "redirect from https to http", "302 within the service", "200 with a sign-in page",
		"gzip that is plain text", "gzip without the header", "hangs up in the middle of the gzip",
	}
	var list []http2Fault
	for _, f := range faults(t) {
		if slices.Contains(chosen, f.name) {
			list = append(list, http2Fault{fault: f, strike: func(s *http2Stream) { s.translate(f) }})
		}
	}
	require.Len(t, list, len(chosen), "faults of these names")
	return append(list, http2Fault{
		fault: fault{name: "a header of 2 MB", effect: every(lost)},
		strike: func(s *http2Stream) {
			s.answer(http.StatusOK, http.Header{"X-Long": {testkit.CanaryToken + strings.Repeat("a", 2<<20)}}, bytes.NewReader(s.body))
		},
	})
}

func http2Faults() []http2Fault {
	refusal := "no more of " + testkit.CanaryToken + strings.Repeat(", please", 100)
	return []http2Fault{
		{
			fault:  refusedStream(),
			strike: func(s *http2Stream) { s.reset(codeRefusedStream) },
		},
		{
			fault:  fault{name: "RST_STREAM before the answer", effect: every(lost)},
			strike: func(s *http2Stream) { s.reset(codeInternal) },
		},
		{
			fault: fault{name: "RST_STREAM after the headers", succeeded: true, effect: onValues(lost, lost)},
			strike: func(s *http2Stream) {
				s.headers()
				s.reset(codeInternal)
			},
		},
		{
			fault: fault{name: "RST_STREAM in the middle of the body", succeeded: true, effect: onValues(lost, unusable)},
			strike: func(s *http2Stream) {
				s.headers()
				s.data(s.body[:len(s.body)/2], 0)
				s.reset(codeInternal)
			},
		},
		{
			fault: fault{name: "RST_STREAM that says NO_ERROR in the middle of the body", succeeded: true, effect: onValues(lost, unusable)},
			strike: func(s *http2Stream) {
				s.headers()
				s.data(s.body[:len(s.body)/2], 0)
				s.reset(codeNo)
			},
		},
		{
			fault: fault{name: "GOAWAY for what is in flight", effect: every(lost)},
			strike: func(s *http2Stream) {
				s.goAway(s.id, codeEnhanceYour, refusal)
				s.hangUp()
			},
		},
		{
			fault: fault{name: "GOAWAY in the middle of the body", succeeded: true, effect: onValues(lost, unusable)},
			strike: func(s *http2Stream) {
				s.headers()
				s.data(s.body[:len(s.body)/2], 0)
				s.goAway(s.id, codeInternal, refusal)
				s.hangUp()
			},
		},
		{
			fault: fault{name: "GOAWAY while the answer goes on", effect: every(harmless)},
			strike: func(s *http2Stream) {
				s.goAway(s.id, codeNo, refusal)
				s.answerWell()
			},
		},
		{
			fault:  fault{name: "silent", effect: every(lost), stalls: true},
			strike: func(*http2Stream) {},
		},
		{
			fault: fault{name: "silent in the middle of the body", succeeded: true, effect: onValues(lost, unusable), stalls: true},
			strike: func(s *http2Stream) {
				s.headers()
				s.data(s.body[:len(s.body)/2], 0)
			},
		},
	}
}

// http2Server strikes requests over HTTP/2 with a fault. Its frames are written by
// hand, as a real server would not send them.
type http2Server struct {
	faultyServer
	strike func(s *http2Stream)
	tls    *tls.Config
	// early says that the fault strikes when the header of a request has been read, and
	// not its body.
	early    bool
	bodyless atomic.Bool // the last request
	// greet, unless nil, sends something before the first request is read.
	greet func(s *http2Stream) ending
}

// dial connects to the server, by TLS over a connection in memory.
func (s *http2Server) dial(_ context.Context, _, _ string) (net.Conn, error) {
	client, server := s.connect()
	s.running.Go(func() { s.serve(tls.Server(server, s.tls)) })
	return client, nil
}

// serve reads frames in one goroutine and writes them in another: the pipe holds
// none, and each end may wait for the other.
func (s *http2Server) serve(conn net.Conn) {
	frames := make(chan []byte, 1000)
	gone := make(chan struct{})
	var writing, answering sync.WaitGroup
	writing.Go(func() {
		defer conn.Close()
		for frame := range frames {
			if _, err := conn.Write(frame); err != nil {
				return
			}
		}
	})
	_ = s.read(conn, func(id uint32) *http2Stream {
		return &http2Stream{id: id, body: s.body, frames: frames, gone: gone, answering: &answering}
	}, frames)
	close(gone)
	answering.Wait()
	close(frames)
	// A client that can't write reads nothing either.
	_, _ = io.Copy(io.Discard, conn)
	writing.Wait()
}

// read reads the requests, until the connection ends or is to end.
func (s *http2Server) read(conn net.Conn, open func(id uint32) *http2Stream, frames chan<- []byte) error {
	if _, err := io.ReadFull(conn, make([]byte, len(http2Preface))); err != nil {
		return err
	}
	// Nothing waits for a window: of 1 MiB for a stream, and of the connection.
	const initialWindowSize, window = 0x4, 1 << 20
	frames <- frameOf(frameSettings, 0, 0, binary.BigEndian.AppendUint32([]byte{0, initialWindowSize}, window))
	frames <- frameOf(frameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, window))
	if s.greet != nil {
		if stream := open(0); s.greet(stream) == hangsUp {
			return nil
		}
	}
	streams := make(map[uint32]*http2Stream) // requests that are not answered yet
	for {
		var head [9]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return err
		}
		kind, flags, id := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		payload := make([]byte, binary.BigEndian.Uint32(head[:4])>>8)
		if _, err := io.ReadFull(conn, payload); err != nil {
			return err
		}
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			frames <- frameOf(frameSettings, flagAck, 0, nil)
		case kind == framePing && flags&flagAck == 0:
			frames <- frameOf(framePing, flagAck, 0, payload)
		case kind == frameHeaders || kind == frameData:
			stream := streams[id]
			if kind == frameHeaders {
				stream = open(id)
				stream.struck = s.arrive()
				s.bodyless.Store(flags&flagEndStream != 0)
				streams[id] = stream
			}
			isWhole := flags&flagEndStream != 0
			if isDue := isWhole || s.early && stream != nil && stream.struck; stream == nil || !isDue {
				continue
			}
			delete(streams, id)
			if !stream.struck {
				stream.answerWell()
			} else if s.strike(stream); stream.hungUp {
				return nil
			}
		}
	}
}

// http2Stream is a request that has been read, to be answered in frames.
type http2Stream struct {
	id     uint32
	body   []byte // of a good answer
	frames chan<- []byte
	struck bool
	hungUp bool
	// gone is closed when the client is, and answering are the answers that are
	// being sent in goroutines of their own.
	gone      chan struct{}
	answering *sync.WaitGroup
}

// translate sends what a fault of the matrix answers with over HTTP/1.
func (s *http2Stream) translate(f fault) {
	client, server := net.Pipe()
	s.answering.Go(func() {
		defer server.Close()
		if f.strike(&exchange{conn: server, body: s.body}) == holds {
			<-s.gone
		}
	})
	s.answering.Go(func() {
		defer client.Close()
		resp, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err != nil {
			s.reset(codeInternal)
			return
		}
		defer resp.Body.Close()
		ended := make(chan struct{})
		defer close(ended)
		s.answering.Go(func() {
			select {
			case <-s.gone:
				_ = client.Close() // whatever it waits for
			case <-ended:
			}
		})
		s.answer(resp.StatusCode, resp.Header, resp.Body)
	})
}

// answer sends an answer, of whose body no more than the client lets through that
// reads nothing. Where the body breaks off, so does the answer.
func (s *http2Stream) answer(status int, header http.Header, body io.Reader) {
	const window = 4 << 20
	fields := [][2]string{{":status", fmt.Sprint(status)}}
	for name, values := range header {
		fields = append(fields, [2]string{strings.ToLower(name), values[0]})
	}
	s.fields(fields)
	piece := make([]byte, longestFrame)
	for sent := 0; sent <= window-len(piece); {
		n, err := body.Read(piece)
		if n > 0 {
			s.data(slices.Clone(piece[:n]), 0)
			sent += n
		}
		switch {
		case errors.Is(err, io.EOF):
			s.data(nil, flagEndStream)
			return
		case err != nil:
			s.reset(codeInternal)
			return
		}
	}
}

// fields sends the fields of a head, in as many frames as it takes.
func (s *http2Stream) fields(fields [][2]string) {
	var block []byte
	for _, field := range fields {
		block = append(block, 0) // a literal that is not indexed, with a new name (RFC 7541, section 6.2.2)
		for _, text := range field {
			block = append(appendLength(block, len(text)), text...)
		}
	}
	kind := byte(frameHeaders)
	for len(block) > longestFrame {
		s.send(frameOf(kind, 0, s.id, block[:longestFrame]))
		kind, block = frameContinuation, block[longestFrame:]
	}
	s.send(frameOf(kind, flagEndHeaders, s.id, block))
}

// appendLength appends the length of a text that is not compressed (RFC 7541,
// sections 5.1 and 5.2).
func appendLength(block []byte, length int) []byte {
	const most = 1<<7 - 1
	if length < most {
		return append(block, byte(length))
	}
	return binary.AppendUvarint(append(block, most), uint64(length-most))
}

// send passes a frame on, unless the client is gone.
func (s *http2Stream) send(frame []byte) {
	select {
	case s.frames <- frame:
	case <-s.gone:
	}
}

// headers announces the body of a success.
func (s *http2Stream) headers() {
	s.fields([][2]string{
		{":status", "200"},
		{"content-length", fmt.Sprint(len(s.body))},
		{"x-echo", testkit.CanaryToken},
		{"x-pulumi-request-id", "8f2c " + testkit.CanaryToken},
		{"x-pulumi-warning", "the token " + testkit.CanaryToken + " is old"},
	})
}

func (s *http2Stream) data(data []byte, flags byte) {
	for len(data) > longestFrame {
		s.send(frameOf(frameData, 0, s.id, data[:longestFrame]))
		data = data[longestFrame:]
	}
	s.send(frameOf(frameData, flags, s.id, data))
}

func (s *http2Stream) answerWell() {
	s.headers()
	s.data(s.body, flagEndStream)
}

func (s *http2Stream) reset(code uint32) {
	s.send(frameOf(frameRSTStream, 0, s.id, binary.BigEndian.AppendUint32(nil, code)))
}

// goAway says that streams up to last are processed, and nothing else will be.
func (s *http2Stream) goAway(last, code uint32, debug string) {
	payload := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, last), code)
	s.send(frameOf(frameGoAway, 0, 0, append(payload, debug...)))
}

// hangUp closes the connection when all has been sent.
func (s *http2Stream) hangUp() { s.hungUp = true }

// frameOf returns a frame (RFC 9113, section 4.1).
func frameOf(kind, flags byte, stream uint32, payload []byte) []byte {
	frame := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	frame = append(frame, flags)
	frame = binary.BigEndian.AppendUint32(frame, stream)
	return append(frame, payload...)
}

// TestFaultMatrix_HTTP2 drives an operation of each shape into what only HTTP/2 has,
// and into the answers of the matrix.
func TestFaultMatrix_HTTP2(t *testing.T) {
	t.Parallel()
	config, client := http2Configs(t)
	all, modes := append(http2Faults(), answerFaultsOverHTTP2(t)...), []mode{strikesOnce, strikesAlways, withDeadline}
	for row, o := range shapes(t) {
		for i, f := range all {
			for j, m := range modes {
				if !testkit.InSample(row, i*len(modes)+j, len(all)*len(modes)) {
					continue
				}
				c := cell{o: o, f: f.fault, m: m}
				t.Run(c.String(), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						server := &http2Server{tls: config, strike: f.strike}
						server.once, server.body = m == strikesOnce, c.goodAnswer(t)
						c.checkHTTP2(t, server, client)
					})
				})
			}
		}
	}
}

// http2Configs returns the two ends of TLS connections. Of many, only the first one has a
// costly handshake.
func http2Configs(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err, "ecdsa.GenerateKey")
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"pulumi.test"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0), // also in a bubble, which begins in 2000
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err, "x509.CreateCertificate")
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err, "x509.ParseCertificate")
	roots := x509.NewCertPool()
	roots.AddCert(certificate)
	// TLS 1.3 would exchange keys for each connection.
	server = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"h2"}, MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12,
	}
	server.SetSessionTicketKeys([][32]byte{{1}})
	return server, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(0)}
}

// transport returns one that connects to the server.
func (s *http2Server) transport(config *tls.Config) *http.Transport {
	return &http.Transport{
		DialContext:            s.dial,
		TLSClientConfig:        config.Clone(), // net/http changes it
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

func (c cell) checkHTTP2(t *testing.T, server *http2Server, client *tls.Config) {
	t.Helper()
	defer server.close()
	sent := &countingTransport{next: server.transport(client)}
	w := newWitness(t, pulumiapi.WithBaseURL(faultyBase), pulumiapi.WithHTTPClient(&http.Client{Transport: sent}))
	c.drive(t, w, sent, &server.faultyServer)
}
