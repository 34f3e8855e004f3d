package main

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// parseSize reads a size as du and GNU head do: K, M, G, T, P, E and Ki, KiB…
// are powers of 1024, KB, MB… powers of 1000; fractions are allowed where a
// unit stands behind them. Letters may be lower case.
func parseSize(word string) (int64, error) {
	number := strings.TrimRight(word, "kmgtpeibKMGTPEIB")
	unit, ok := unitOf(word[len(number):])
	if !ok {
		return 0, fmt.Errorf("%q is not a size: %q is no unit; write it as 4096, 10M or 1.5GiB", word, word[len(number):])
	}
	if !isDecimal(number) {
		return 0, fmt.Errorf("%q is not a size; write it as 4096, 10M or 1.5GiB", word)
	}
	value, _ := new(big.Rat).SetString(number) // never fails for a decimal
	value.Mul(value, new(big.Rat).SetInt64(unit))
	bytes := new(big.Int).Quo(value.Num(), value.Denom())
	switch {
	case !bytes.IsInt64():
		return 0, fmt.Errorf("%q is more than a file can have (%d bytes)", word, int64(math.MaxInt64))
	case unit == 1 && !value.IsInt():
		return 0, fmt.Errorf("%q is not a whole number of bytes", word)
	}
	return bytes.Int64(), nil
}

// maxDigits keeps a number of absurd length from becoming one of absurd cost.
const maxDigits = 40

// isDecimal takes digits with at most one point among them: no sign, no
// exponent, no fraction bar.
func isDecimal(s string) bool {
	whole, fraction, point := strings.Cut(s, ".")
	if point && (whole == "" || fraction == "") || len(s) > maxDigits {
		return false
	}
	digits := whole + fraction
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}

// unitOf returns the factor of a unit.
func unitOf(unit string) (int64, bool) {
	u := strings.ToUpper(unit)
	if u == "" || u == "B" {
		return 1, true
	}
	power := strings.IndexByte("KMGTPE", u[0]) + 1
	if power == 0 {
		return 0, false
	}
	base := int64(1024)
	switch u[1:] {
	case "", "I", "IB":
	case "B":
		base = 1000
	default:
		return 0, false
	}
	factor := base
	for range power - 1 {
		factor *= base
	}
	return factor, true
}

// parseDuration reads a duration of Go's (1h30m, 500ms) and also d for days of
// 24 hours and w for weeks, in any mixture that has no unit twice: 1w2d12h.
func parseDuration(word string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration; write it as 90s, 12h, 7d or 2w", word)
	rest, total := word, time.Duration(0)
	for _, unit := range []struct {
		name string
		span time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, after, ok := strings.Cut(rest, unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 || strings.HasPrefix(number, "+") || n > int64((math.MaxInt64-total)/unit.span) {
			return 0, bad
		}
		total, rest = total+time.Duration(n)*unit.span, after
		if rest == "" {
			return total, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64-total {
		return 0, bad
	}
	return total + d, nil
}

// parseNumber reads a whole number from least to most; math.MaxInt32 is no limit
// that a user need hear of.
func parseNumber(word string, least, most int) (int, error) {
	n, err := strconv.ParseInt(word, 10, 32)
	if err == nil && int(n) >= least && int(n) <= most {
		return int(n), nil
	}
	if most == math.MaxInt32 {
		return 0, fmt.Errorf("%q is not a number of at least %d", word, least)
	}
	return 0, fmt.Errorf("%q is not a number from %d to %d", word, least, most)
}
