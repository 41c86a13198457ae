//go:build !race

package pulumiapi_test

// raceDetected says that the race detector is at work, which is slow and takes
// memory of its own.
const raceDetected = false
