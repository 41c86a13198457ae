package program

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Age is a flag for a long time: "90d" and "12w", or what [time.ParseDuration]
// reads.
type Age time.Duration

// maxAge is some 100 years, which is old enough for anything.
const maxAge = Age(36525 * day)

// Set reads text.
func (a *Age) Set(text string) error {
	age, err := parseAge(text)
	if err != nil {
		return err
	}
	if age < 0 || age > maxAge {
		return errAgeRange
	}
	*a = age
	return nil
}

var (
	errAge      = errors.New("must be a time such as 90d, 12w or 36h")
	errAgeRange = fmt.Errorf("must be between 0 and %s", maxAge)
)

func parseAge(text string) (Age, error) {
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if digits, found := strings.CutSuffix(text, suffix); found {
			n, err := strconv.ParseUint(digits, 10, 16)
			switch {
			case errors.Is(err, strconv.ErrRange), Age(n) > maxAge/Age(unit): // what it would come to may not fit
				return 0, errAgeRange
			case err != nil:
				return 0, errAge
			}
			return Age(n) * Age(unit), nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errAge
	}
	return Age(d), nil
}

// String returns whole days as "90d", and everything else as [time.Duration] does.
func (a Age) String() string {
	if a%Age(day) == 0 {
		return fmt.Sprintf("%dd", a/Age(day))
	}
	return time.Duration(a).String()
}

// Ago returns how long ago something was, in the unit that people would use.
func Ago(d time.Duration) string {
	switch {
	case d < time.Minute: // a clock that is slow makes it negative
		return "just now"
	case d < 2*time.Hour:
		return Count(int(d/time.Minute), "minute") + " ago"
	case d < 2*day:
		return Count(int(d/time.Hour), "hour") + " ago"
	}
	return Count(int(d/day), "day") + " ago"
}

// Count returns a number of things: "1 stack", "2 stacks".
func Count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprint(n, " ", noun)
}
