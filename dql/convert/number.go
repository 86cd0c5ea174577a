package convert

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

func textToInteger(s stored) rendering {
	i, err := strconv.ParseInt(s.text, 10, 64)
	if err != nil {
		return fails("%s is no integer of 64 bits", shorten(s.json))
	}
	return reads(strconv.FormatInt(i, 10), true)
}

func textToFloat(s stored) rendering {
	f, err := strconv.ParseFloat(s.text, 64)
	switch {
	case err != nil || math.IsNaN(f):
		return fails("%s is no float", shorten(s.json))
	case math.IsInf(f, 0):
		return absent("an infinite float is not printed")
	}
	printed := printFloat(f)
	return reads(printed, denotes(s.text, printed, big.NewFloat(f)))
}

func textToBoolean(s stored) rendering {
	b, err := strconv.ParseBool(s.text)
	if err != nil {
		return fails("%s is no boolean", shorten(s.json))
	}
	return truth(b, true)
}

func floatToInteger(s stored) rendering {
	const limit = 1 << 63
	switch {
	case s.float > limit || s.float < -limit:
		return fails("%s is outside the integers of 64 bits", s.json)
	case s.float == limit:
		// Dgraph lets it through, one too large, and its processor decides: this is amd64.
		return reads(strconv.Itoa(math.MinInt64), false)
	}
	return reads(strconv.FormatInt(int64(s.float), 10), s.float == math.Trunc(s.float))
}

func floatToVector(s stored) rendering {
	f := float32(s.float)
	if math.IsInf(float64(f), 0) {
		return numbers([]float32{f}, false)
	}
	return numbers([]float32{f}, denotes(s.json, printFloat32(f), big.NewFloat(float64(f))))
}

// numbers is the rendering of a vector, number by number (query, encoder.AddListValue).
func numbers(vector []float32, complete bool) rendering {
	if len(vector) == 0 {
		return absent("a vector without numbers is not printed")
	}
	var texts []string
	for _, f := range vector {
		text := printFloat32(f)
		if math.IsInf(float64(f), 0) || math.IsNaN(float64(f)) {
			return fails("%s in a vector makes an answer that is no JSON", text)
		}
		texts = append(texts, text)
	}
	return reads("["+strings.Join(texts, ",")+"]", complete)
}

// textToVector reads numbers between brackets, with commas or blanks between them (types.ParseVFloat).
// Brackets may be closed more than once, and the empty text is a vector too.
func textToVector(s stored) rendering {
	text := strings.TrimSpace(strings.NewReplacer("\n", " ", "\t", " ").Replace(s.text))
	if text == "" {
		return numbers(nil, true)
	}
	inner, opened := strings.CutPrefix(text, "[")
	list := strings.TrimRight(inner, "]")
	if !opened || list == inner {
		return fails("%s is no vector", shorten(s.json))
	}
	var items []string
	if strings.Contains(list, ",") {
		for item := range strings.SplitSeq(list, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	} else {
		for item := range strings.SplitSeq(list, " ") {
			if item != "" {
				items = append(items, item)
			}
		}
	}
	var vector []float32
	complete := true
	for _, item := range items {
		f, err := strconv.ParseFloat(item, 32)
		if err != nil {
			return fails("%s in a vector is no float of 32 bits", shorten(quote(item)))
		}
		vector = append(vector, float32(f))
		if complete && !math.IsInf(f, 0) && !math.IsNaN(f) {
			complete = denotes(item, printFloat32(float32(f)), big.NewFloat(f))
		}
	}
	return numbers(vector, complete)
}

func vectorToText(s stored) rendering {
	var texts []string
	for _, f := range s.vector {
		texts = append(texts, strconv.FormatFloat(float64(f), 'f', -1, 32))
	}
	return reads(quote("["+strings.Join(texts, ",")+"]"), true)
}

// bigPrecision is Dgraph's, in bits (types.BigFloatPrecision).
const bigPrecision = 200

// maxBigExponent is where printing a bigfloat begins to take long, a tenth of a second: all of its digits
// are computed, also those that are not shown, and ten times the digits take forty times as long.
const maxBigExponent = 1_000_000

func newBig() *big.Float { return new(big.Float).SetPrec(bigPrecision) }

func parseBig(text string) (*big.Float, error) {
	b := newBig()
	if err := b.UnmarshalText([]byte(text)); err != nil {
		return nil, fmt.Errorf("reading a bigfloat: %w", err)
	}
	return b, nil
}

// printBig prints as many digits as the value has. Infinite values have none.
func printBig(b *big.Float) string { return b.Text('g', -1) }

func heavy(b *big.Float) bool {
	e := b.MantExp(nil)
	return e > maxBigExponent || e < -maxBigExponent
}

func stalls() rendering {
	return rendering{outcome: Crashes, detail: "the alpha computes millions of digits to print the value"}
}

func textToBig(s stored) rendering {
	b, err := parseBig(s.text)
	switch {
	case err != nil:
		return fails("%s is no number", shorten(s.json))
	case b.IsInf():
		return fails("an infinite bigfloat makes an answer that is no JSON")
	case heavy(b):
		return stalls()
	}
	printed := printBig(b)
	return reads(printed, denotes(s.text, printed, b))
}

// bigToText prints ten digits, whatever the value has.
func bigToText(s stored) rendering {
	if heavy(s.big) {
		return stalls()
	}
	text := s.big.String()
	return reads(quote(text), denotes(text, s.json, s.big))
}

// bigToInteger stops at the limits of 64 bits without an error.
func bigToInteger(s stored) rendering {
	i, accuracy := s.big.Int64()
	return reads(strconv.FormatInt(i, 10), accuracy == big.Exact)
}

func bigToFloat(s stored) rendering {
	f, _ := s.big.Float64()
	if math.IsInf(f, 0) {
		return absent("an infinite float is not printed")
	}
	text := printFloat(f)
	return reads(text, denotes(s.json, text, big.NewFloat(f)))
}

func bigToTime(s stored) rendering {
	whole, _ := s.big.Int64()
	f, _ := s.big.Float64()
	return seconds(f, whole, s.json, s.big)
}

func printFloat(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

// printFloat32 prints a number of a vector.
func printFloat32(f float32) string { return strconv.FormatFloat(float64(f), 'E', -1, 32) }

// maxExactDigits is more than any float has, and little enough to compute with.
const maxExactDigits = 2000

// denotes tells whether a text names a number, and no other one that it would be rounded to: exactly, or in
// the digits that the number is printed with. So "0.1" is the float 0.1, which is a little more than 0.1.
func denotes(text, printed string, number *big.Float) bool {
	if sameDecimal(text, printed) {
		return true
	}
	if len(text) > maxExactDigits {
		return false
	}
	// Bits for every digit of the text, and for those of the smallest float.
	exact, _, err := new(big.Float).SetPrec(uint(4*len(text)+1200)).Parse(text, 0)
	return err == nil && exact.Cmp(number) == 0 || samePower(text, printed)
}

// mostPower bounds the exponents that are computed with.
const mostPower = 5000

// samePower reports whether a text with a power of two, which Dgraph takes after decimal digits too, is the printed
// number: "91.8p1" is 183.6, though 91.8 has no end in bits.
func samePower(text, printed string) bool {
	digits, power, ok := strings.Cut(strings.ToLower(text), "p")
	n, err := strconv.Atoi(power)
	if !ok || err != nil || n < -mostPower || n > mostPower || len(printed) > maxExactDigits {
		return false
	}
	if _, exponent, ok := strings.Cut(printed, "e"); ok {
		if e, err := strconv.Atoi(exponent); err != nil || e < -mostPower || e > mostPower {
			return false
		}
	}
	a, okA := new(big.Rat).SetString(digits)
	b, okB := new(big.Rat).SetString(printed)
	if !okA || !okB {
		return false
	}
	two := new(big.Rat).SetInt(new(big.Int).Lsh(big.NewInt(1), uint(max(n, -n))))
	if n < 0 {
		two.Inv(two)
	}
	return a.Mul(a, two).Cmp(b) == 0
}

// sameDecimal compares two decimal numbers without computing them: exponents may be huge.
func sameDecimal(a, b string) bool { return parseDecimal(a) == parseDecimal(b) }

// decimal is a number without leading and trailing zeros; the zero decimal is 0.
type decimal struct {
	negative bool
	digits   string
	exponent int64 // of the last digit
}

func parseDecimal(text string) decimal {
	text = strings.ReplaceAll(text, "_", "")
	mantissa, exponent := text, int64(0)
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		// Past 64 bits it is the largest number, and as far from any other.
		mantissa = text[:i]
		exponent, _ = strconv.ParseInt(text[i+1:], 10, 64)
		exponent = min(max(exponent, math.MinInt64/2), math.MaxInt64/2)
	}
	var d decimal
	mantissa, d.negative = strings.CutPrefix(mantissa, "-")
	mantissa = strings.TrimPrefix(mantissa, "+")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	d.digits = strings.TrimRight(digits, "0")
	d.exponent = exponent - int64(len(fraction)) + int64(len(digits)-len(d.digits))
	if d.digits == "" {
		return decimal{}
	}
	return d
}
