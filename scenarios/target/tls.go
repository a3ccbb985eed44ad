package target

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/sentsim/sentsim/scenarios/input"
	"github.com/sentsim/sentsim/scenarios/target/internal/reach"
)

// TLS says whom to trust behind an https URL. The zero value is the system's
// certificate authorities.
type TLS struct {
	CACert   string // a PEM file with certificate authorities, instead of the system's
	Insecure bool   // trust anybody
}

// Pool is whom to trust; nil for the system's authorities.
func (t TLS) Pool() (*x509.CertPool, error) {
	if t.CACert == "" {
		return nil, nil //nolint:nilnil // nil is how crypto/tls spells the system's
	}
	pem, err := input.Regular(t.CACert, input.Settings)
	if err != nil {
		return nil, fmt.Errorf("--cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("--cacert %s: there is no certificate in it; it must be PEM (-----BEGIN CERTIFICATE-----)", t.CACert)
	}
	return pool, nil
}

// Config is what anything but a delivery connects with, a probe say.
func (t TLS) Config() (*tls.Config, error) {
	pool, err := t.Pool()
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, InsecureSkipVerify: t.Insecure}, nil //nolint:gosec // the user's own choice, for a receiver under test
}

// tlsReason puts a failed handshake into words.
func tlsReason(err error) error {
	var verify *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &verify):
		return fmt.Errorf("its certificate is not trusted (%w); name its authority with --cacert FILE, or trust it with --insecure", verify.Err)
	case errors.As(err, &record):
		return errors.New("it does not speak TLS; is it http:// rather than https://?")
	}
	return fmt.Errorf("the TLS handshake failed: %w", reach.Reason(err))
}
