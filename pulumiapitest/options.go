package pulumiapitest

import (
	"runtime"
	"slices"
)

// Option changes what [NewServer] and [Demo] return.
type Option func(*Server)

// Strict makes the server reject two things that the service accepts in a JSON body: a
// member that the endpoint does not know, upper and lower case being different, and
// null for an array. It finds mistakes in programs that write their own requests.
func Strict() Option {
	return func(s *Server) { s.strict = true }
}

// TB is the part of [testing.TB] that [ForTest] needs.
type TB interface {
	// Helper marks the caller as a helper of tests.
	Helper()
	// Cleanup registers a function to call at the end of the test.
	Cleanup(cleanup func())
	// Errorf fails the test.
	Errorf(format string, args ...any)
	// Skipped reports whether the test was skipped.
	Skipped() bool
}

// ForTest closes the server at the end of the test, and fails the test if a fault of
// [Server.Inject] never struck a request.
func ForTest(t TB) Option {
	return func(s *Server) {
		s.reported = true // here, not by Close
		t.Cleanup(func() {
			t.Helper()
			s.Close()
			if err := s.Unused(); err != nil && !t.Skipped() {
				t.Errorf("%v", err)
			}
		})
	}
}

// unwinding reports whether the goroutine is about to end by a panic or by
// [runtime.Goexit], which is how a test fails or is skipped at once.
func unwinding() bool {
	callers := make([]uintptr, 256)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if slices.Contains([]string{"runtime.Goexit", "runtime.gopanic"}, frame.Function) {
			return true
		}
		if !more {
			return false
		}
	}
}
