package target

import (
	"context"
	"errors"
	"net/netip"
	"testing"
)

func TestCheckPublic(t *testing.T) {
	names := map[string][]string{
		"localhost":            {"127.0.0.1", "::1"},
		"host.docker.internal": {"192.168.65.254"},
		"receiver":             {"172.18.0.2"},
		"public.example":       {"203.0.113.7"},
		"mixed.example":        {"10.0.0.1", "203.0.113.7"},
		"metadata.example":     {"169.254.169.254"},
		"six.example":          {"2001:db8::1"},
		"2130706433":           {"127.0.0.1"}, // an address to some resolvers
	}
	look := func(_ context.Context, _, host string) ([]netip.Addr, error) {
		var out []netip.Addr
		for _, a := range names[host] {
			out = append(out, netip.MustParseAddr(a))
		}
		if out == nil {
			return nil, errors.New("no such host")
		}
		return out, nil
	}
	for _, u := range []string{
		"http://127.0.0.1:8080/x", "http://127.9.9.9", "http://[::1]:1", "http://0.0.0.0:1", "http://10.1.2.3", "http://172.31.0.1",
		"http://192.168.0.1", "http://100.64.0.1", "http://100.127.255.255", "http://[fd00::1]",
		"http://[::ffff:127.0.0.1]", "http://[::ffff:100.64.0.1]", "https://localhost", "http://host.docker.internal:3000", "http://receiver:8080", "http://receiver.:8080",
		"http://no-such-name", "http://2130706433",
	} {
		if err := checkPublic(t.Context(), look, u, nil); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
	for u, named := range map[string]string{
		"http://203.0.113.7/x":         "203.0.113.7:80",
		"https://203.0.113.7/x":        "203.0.113.7:443",
		"http://100.128.0.1:81":        "100.128.0.1:81",
		"http://172.32.0.1":            "172.32.0.1:80",
		"http://[2001:db8::1]:8080":    "[2001:db8::1]:8080",
		"http://[::ffff:203.0.113.7]":  "[::ffff:203.0.113.7]:80",
		"http://[64:ff9b::7f00:1]":     "[64:ff9b::7f00:1]:80",
		"http://224.0.0.1":             "224.0.0.1:80",
		"http://public.example:8080/x": "public.example:8080",
		"http://mixed.example":         "mixed.example:80",
		"http://six.example":           "six.example:80",
	} {
		says(t, checkPublic(t.Context(), look, u, []string{"other.example:80", "203.0.113.7:8443"}), "public address", "--allow-public-target "+named)
		if err := checkPublic(t.Context(), look, u, []string{"other.example:80", named}); err != nil {
			t.Errorf("%s with %s allowed: %v", u, named, err)
		}
	}
	for u, words := range map[string][2]string{
		"http://169.254.1.1":           {"link-local", "169.254.1.1:80"},
		"http://[fe80::1]:81":          {"link-local", "[fe80::1]:81"},
		"http://169.254.169.254/x":     {"credentials", "169.254.169.254:80"},
		"http://[::ffff:169.254.1.1]":  {"link-local", "[::ffff:169.254.1.1]:80"},
		"http://[fd00:ec2::254]":       {"credentials", "[fd00:ec2::254]:80"},
		"http://100.100.100.200":       {"credentials", "100.100.100.200:80"},
		"http://metadata.example:8080": {"metadata.example is 169.254.169.254, where a cloud", "metadata.example:8080"},
	} {
		says(t, checkPublic(t.Context(), look, u, nil), words[0], "--allow-public-target "+words[1])
		if err := checkPublic(t.Context(), look, u, []string{words[1]}); err != nil {
			t.Errorf("%s with %s allowed: %v", u, words[1], err)
		}
	}
	if err := checkPublic(t.Context(), look, "http://PUBLIC.example./x", []string{"public.EXAMPLE:80"}); err != nil {
		t.Errorf("spelling: %v", err)
	}
	says(t, checkPublic(t.Context(), look, "http://public.example", []string{"public.example"}), "HOST:PORT")
	says(t, checkPublic(t.Context(), look, "public.example", nil), "scheme")
	if err := CheckPublic(t.Context(), "http://127.0.0.1:1", nil); err != nil {
		t.Error(err)
	}
}
