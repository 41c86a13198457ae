//go:build race

package testkit

// RaceDetected says that the race detector is at work, which is slow and takes
// memory of its own.
const RaceDetected = true
