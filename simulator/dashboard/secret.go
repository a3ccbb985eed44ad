package dashboard

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Local reports that the page is asked for from this machine, by an address of
// this machine, and not through a proxy: only there is a secret shown again.
func (v *view) Local() bool { return isLocal(v.r) }

func isLocal(r *http.Request) bool {
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	host := strings.ToLower(hostOf(r.Host))
	return isLoopback(hostOf(r.RemoteAddr)) && (isLoopback(host) || host == "localhost" || strings.HasSuffix(host, ".localhost"))
}

func hostOf(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		return host
	}
	return strings.Trim(hostPort, "[]")
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// revealSecret shows the signing secret in its place on the webhook's page, once;
// a script that copies it asks for plain text.
func revealSecret(v *view) error {
	w, err := v.hook()
	if err != nil {
		return err
	}
	if !v.Local() {
		v.failed(http.StatusForbidden, "The signing secret is only shown to a browser on the machine that sentsim runs on. Rotate it to get a new one.")
		return nil
	}
	if v.r.Header.Get("Accept") == "text/plain" {
		v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(v.w, w.SigningSecret.Reveal()) // whoever went away needs none
		return nil
	}
	return v.goTo("/webhooks/"+w.ID.String()+"#secret", flash{Revealed: w.SigningSecret.Reveal()})
}
