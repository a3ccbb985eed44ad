package chaos

import (
	"fmt"
	"strings"

	"github.com/sentsim/sentsim/simulator/seed"
)

// Stop is what a contact writes who wants no more messages.
const Stop = "STOP"

// ordinaryText is what a contact writes.
func ordinaryText(st *seed.Stream) string {
	if st.Chance(0.3) { // what many write
		return seed.Pick(st, []string{"Yes", "Thank you!", "Hello, is anybody there?", "When does it arrive?"})
	}
	return fmt.Sprintf(seed.Pick(st, []string{
		"Is order %07d on its way?", "Thanks! And order %07d?", "Please call me back about %07d", "Yes, %07d is right",
	}), st.IntN(10_000_000))
}

// Named is a text, and what the contract's scenarios call it.
type Named struct{ Name, Text string }

// HostileTexts are what people, and attackers, write (TOL-5).
func HostileTexts() []Named { return hostileTexts }

var hostileTexts = []Named{ //nolint:gochecknoglobals // constant
	{"4096 characters", strings.Repeat("0123456789abcdef", 256)},
	{"4096 emoji", strings.Repeat("\U0001f389", 4096)}, // 16 KiB: a limit in bytes is no limit in characters
	{"many scripts", "Grüße, Привет, γειά σου, नमस्ते, こんにちは, 你好, 안녕하세요, สวัสดี, ሰላም, \U00010348\U0001033f\U00010344"},
	{"emoji", "\U0001f44d\U0001f3fd \U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1fa\U0001f1f3 \u2764\ufe0f\u200d\U0001f525 e\u0301"},
	{"right-to-left writing", "שלום \u202eabc\u202c مرحبا \u200f!"},
	{"control characters", "a\u0000b\u0001c\u0008d\u001be\u007ff\r\n\t\u2028g\ufeff"},
	{"SQL injection", `'; DROP TABLE messages; -- " OR 1=1 \`},
	{"HTML and script", `<script>alert(1)</script><img src=x onerror=alert(1)>&amp;]]>`},
	{"template injection", "{{7*7}} ${7*7} #{7*7} %s%n %00 ../../etc/passwd $(id) `id`"},
	{"query injection", `{"$gt":""} {"__proto__":{"admin":true}}`},
	{"a space", " "},
}

// NotObjects are bodies that are no event at all, correctly signed (TOL-7, TOL-9).
func NotObjects() []Named { return notObjects }

var notObjects = []Named{ //nolint:gochecknoglobals // constant
	{"empty", ""},
	{"null", "null"},
	{"an empty array", "[]"},
	{"a number", "42"},
	{"a string", `"message.delivered"`},
	{"garbage", "\x00\x01{\"field\": message, oops"},
	{"half an object", `{"field":"message"`},
}
