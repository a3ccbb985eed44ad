package signing

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is all that anybody sees of a secret, also of no secret: whether
// there is one is for IsZero to say.
const redacted = SecretPrefix + "***"

// String is always "whsec_***".
func (Secret) String() string { return redacted }

// GoString is always "whsec_***".
func (Secret) GoString() string { return redacted }

// Format writes "whsec_***" whatever the verb and flags.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue is always "whsec_***".
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText is always "whsec_***": it keeps secrets out of YAML, XML and the
// keys of maps. Who must store a secret stores what Reveal returns.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON is always "whsec_***", as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
