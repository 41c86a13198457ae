package faults_test

import (
	"flag"
	"log"
	"testing"
)

// TestMain lets more tests wait at a time than there are processors: the tests over TCP
// wait for real deadlines.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil {
		log.Fatal(err)
	}
	m.Run()
}
