package pulumiapitest

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// fakeHex returns a text that looks like chance, and is the same for the same input.
func fakeHex(what string, digits int) string {
	hash := fnv.New64a()
	var hex strings.Builder
	for hex.Len() < digits {
		_, _ = hash.Write([]byte(what)) // never fails
		fmt.Fprintf(&hex, "%016x", hash.Sum64())
	}
	return hex.String()[:digits]
}

// fakeUUID returns a UUID that looks like chance, and is the same for the same input.
func fakeUUID(what string) string {
	hex := fakeHex(what, 32)
	return hex[:8] + "-" + hex[8:12] + "-4" + hex[13:16] + "-8" + hex[17:20] + "-" + hex[20:]
}
