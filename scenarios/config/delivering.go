package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sentsim/sentsim/simulator/delivery"
	"github.com/sentsim/sentsim/simulator/signing"
)

func deliverySettings() []setting {
	return []setting{
		{
			key: "headers", flags: []string{"header"}, kind: dict,
			apply: addHeader,
			show: func(c Config) []shown {
				var all []shown
				for _, h := range c.Headers {
					all = append(all, shown{h.Name, secretText(h.Value)})
				}
				return all
			},
		},
		{
			key: "timeout", flags: []string{"timeout"}, kind: span,
			apply: func(c *Config, _, text string) error { return setSpan(&c.Timeout, text) },
			show: func(c Config) []shown {
				if c.Timeout == 0 {
					return one("(knob timeout_seconds)")
				}
				return one(c.Timeout.String())
			},
		},
		{
			key: "wait_for_target", flags: []string{"wait-for-target"}, kind: span,
			apply: func(c *Config, _, text string) error { return setSpan(&c.WaitForTarget, text) },
			show:  func(c Config) []shown { return one(c.WaitForTarget.String()) },
		},
		{
			key: "cacert", flags: []string{"cacert"}, file: true,
			apply: func(c *Config, _, text string) error { c.CACert = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(c.CACert) },
		},
		{
			key: "insecure", flags: []string{"insecure"}, kind: truth,
			apply: func(c *Config, _, text string) error { return setBool(&c.Insecure, text) },
			show:  func(c Config) []shown { return one(strconv.FormatBool(c.Insecure)) },
		},
		{
			key: "allow_public_target", flags: []string{"allow-public-target"}, kind: list,
			empty: func(c *Config) { c.AllowPublic = nil },
			apply: func(c *Config, _, text string) error {
				host, port, err := net.SplitHostPort(text)
				if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 {
					return fmt.Errorf("%q is not HOST:PORT, e.g. staging.example.com:443", text)
				}
				c.AllowPublic = append(c.AllowPublic, text)
				return nil
			},
			show: func(c Config) []shown { return one(strings.Join(c.AllowPublic, ",")) },
		},
		{
			key: "sent_base_url", env: envBaseURL,
			apply: func(c *Config, _, text string) error {
				c.SentBaseURL = strings.TrimRight(text, "/")
				u, err := url.Parse(text)
				if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
					return errors.New("is not an absolute http:// or https:// URL without a user")
				}
				return nil
			},
			show: func(c Config) []shown { return one(c.SentBaseURL) },
		},
		{
			key: "sent_api_key", env: envAPIKey,
			apply: func(c *Config, _, text string) error { c.APIKey = text; return notEmpty(text) },
			show:  func(c Config) []shown { return one(secretText(c.APIKey)) },
		},
	}
}

// addHeader sets a header of every delivery, Host included: a receiver that serves
// several names is sent the one that it knows. Those that the simulator itself
// sets cannot be replaced: a run with them would judge the header, not the receiver.
func addHeader(c *Config, name, value string) error {
	if !isToken(name) {
		return fmt.Errorf("%q is not a header name", name)
	}
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
		return fmt.Errorf("the value of %s has a control character in it", name)
	}
	for _, ours := range []string{
		signing.HeaderID, signing.HeaderTimestamp, signing.HeaderSignature, signing.HeaderEventType, signing.HeaderEventID,
		"Content-Length", "Content-Type", "Transfer-Encoding", "Connection",
	} {
		if strings.EqualFold(name, ours) {
			return fmt.Errorf("%s is set by sentsim itself and cannot be changed", ours)
		}
	}
	c.Headers = slices.DeleteFunc(slices.Clone(c.Headers), func(h delivery.Header) bool {
		return strings.EqualFold(h.Name, name)
	})
	c.Headers = append(c.Headers, delivery.Header{Name: name, Value: value})
	slices.SortFunc(c.Headers, func(a, b delivery.Header) int {
		return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	return nil
}

func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

func notEmpty(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("is given but empty")
	}
	return nil
}

// longest is a bound for every duration: a day is more than any of them can mean.
const longest = 24 * time.Hour

func setSpan(d *time.Duration, text string) error {
	v, err := time.ParseDuration(text)
	if err != nil && isSpan(text) {
		return outOfRange(text)
	}
	if err != nil {
		return fmt.Errorf("%q is not a duration: write it with its unit, as 500ms, 2s or 1m30s", text)
	}
	if v < 0 || v > longest {
		return outOfRange(v.String())
	}
	*d = v
	return nil
}

func outOfRange(span string) error { return fmt.Errorf("%s is out of range (0s to %s)", span, longest) }

// isSpan tells whether text is written as a duration is, of whatever length.
func isSpan(text string) bool {
	_, err := time.ParseDuration(strings.Map(func(r rune) rune {
		if r >= '1' && r <= '9' {
			return '0'
		}
		return r
	}, text))
	return err == nil && strings.ContainsAny(text, "hms") // a plain 0 needs no unit
}

func setBool(b *bool, text string) error {
	switch strings.ToLower(text) {
	case "true", "1", "yes", "on":
		*b = true
	case "false", "0", "no", "off":
		*b = false
	default:
		return fmt.Errorf("%q is neither true nor false", text)
	}
	return nil
}

func setPort(n *int, text string) error {
	v, err := strconv.Atoi(text)
	if err != nil || v < 1 || v > 65535 {
		return fmt.Errorf("%q is not a port (1 to 65535)", text)
	}
	*n = v
	return nil
}

const clockScaled = "scaled="

// Clocks are the names of the clocks. The one that ends with = takes a number.
func Clocks() []string { return []string{"virtual", "real", clockScaled} }

func checkClock(text string) error {
	factor, scaled := strings.CutPrefix(text, clockScaled)
	if text != clockScaled && slices.Contains(Clocks(), text) {
		return nil
	}
	if n, err := strconv.ParseFloat(factor, 64); scaled && err == nil && n > 0 && n <= 1e6 {
		return nil
	}
	return fmt.Errorf("unknown clock %q: use virtual, real or scaled=N, N being how many times faster than real (up to 1000000)", text)
}

func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return name != ""
}
