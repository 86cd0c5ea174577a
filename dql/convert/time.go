package convert

import (
	"fmt"
	"math/big"
	"strings"
	"time"
)

const (
	plainTime = "2006-01-02T15:04:05"
	namedZone = "2006-01-02 15:04:05 -0700 MST"
)

// parseTime reads what Dgraph takes for a time (types.ParseTime). The length decides first.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006", "2006-01", time.DateOnly} {
		if len(s) == len(layout) {
			return time.Parse(layout, s)
		}
	}
	if len(s) > len(plainTime) && s[len(time.DateOnly)] == 'T' && (strings.HasSuffix(s, "Z") || s[len(s)-3] == ':') {
		return time.Parse(time.RFC3339, s)
	}
	if t, err := time.Parse(namedZone, s); err == nil {
		return t, nil
	}
	return time.Parse(plainTime, s)
}

func textToTime(s stored) rendering {
	t, err := parseTime(s.text)
	if err != nil {
		return fails("%s is no time", shorten(s.json))
	}
	return instant(t, !finerThanNanoseconds(s.text))
}

// finerThanNanoseconds tells whether a text that is a time has digits past the ninth of the fraction.
func finerThanNanoseconds(text string) bool {
	i := strings.IndexAny(text, ".,")
	if i < 0 {
		return false
	}
	digits := text[i+1:]
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	return len(digits) > 9 && strings.Trim(digits[9:], "0") != ""
}

// instant is the rendering of a time that is printed, or cannot be.
func instant(t time.Time, complete bool) rendering {
	text, ok := printTime(t)
	if !ok {
		return absent("a time outside the years 0 to 9999 is not printed")
	}
	return reads(text, complete)
}

// printTime prints JSON, also for zones that are further from UTC than RFC 3339 allows
// (query.marshalTimeJson).
func printTime(t time.Time) (string, bool) {
	_, offset := t.Zone()
	if ordinary(offset) {
		text, err := t.MarshalJSON()
		return string(text), err == nil
	}
	local, err := t.Add(time.Duration(offset) * time.Second).UTC().MarshalJSON()
	if err != nil {
		return "", false
	}
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	minutes := offset / 60
	return fmt.Sprintf(`%s%c%02d:%02d"`, strings.TrimSuffix(string(local), `Z"`), sign, minutes/60, minutes%60), true
}

// ordinary tells whether RFC 3339 has the zone, in seconds from UTC (types.GoodTimeZone).
func ordinary(offset int) bool {
	const most = 23*60*60 + 59*60
	return -most <= offset && offset <= most
}

func timeToText(s stored) rendering {
	text, err := s.time.MarshalText()
	if err != nil {
		return fails("%s has a zone that is too far from UTC to be written", s.json)
	}
	return reads(quote(string(text)), true)
}

// timeToFloat goes by way of nanoseconds in 64 bits, which hold the years 1678 to 2262. Others wrap around.
func timeToFloat(s stored) rendering {
	f := float64(s.time.UnixNano()) / 1e9
	return reads(printFloat(f), denotes(unixSeconds(s.time), printFloat(f), big.NewFloat(f)))
}

// seconds is the rendering of a number as a time. Whole is the number without its fraction, printed and exact
// are the number as it is stored.
func seconds(number float64, whole int64, printed string, exact *big.Float) rendering {
	// Wide of the years that are printed, where the numbers below overflow.
	if number > 1e12 || number < -1e12 {
		return absent("a time outside the years 0 to 9999 is not printed")
	}
	t := time.Unix(whole, int64((number-float64(whole))*1e9)).UTC()
	return instant(t, denotes(unixSeconds(t), printed, exact))
}

// unixSeconds is a time as an exact decimal number.
func unixSeconds(t time.Time) string {
	n := new(big.Int).Mul(big.NewInt(t.Unix()), big.NewInt(1e9))
	return n.Add(n, big.NewInt(int64(t.Nanosecond()))).String() + "e-9"
}
