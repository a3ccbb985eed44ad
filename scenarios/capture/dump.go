package capture

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"
)

// traced puts a request together from what curl --trace-ascii or --trace wrote:
// blocks "=> Send header", "=> Send data", with an offset before each line.
func traced(text string) (string, bool) {
	offset := regexp.MustCompile(`^[ \t]*[0-9a-f]{4,8}: ?(.*)$`)
	hexLine := regexp.MustCompile(`^((?:[0-9a-f]{2} )+)`)
	var out strings.Builder
	sending, header := false, false
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\r\n")
		switch {
		case strings.Contains(l, "=> Send header"):
			sending, header = true, true
			continue
		case strings.Contains(l, "=> Send data"):
			sending, header = true, false
			continue
		case strings.HasPrefix(l, "<=") || strings.HasPrefix(l, "== "):
			sending = false
		}
		m := offset.FindStringSubmatch(l)
		if !sending || m == nil {
			continue
		}
		content := m[1]
		if h := hexLine.FindString(content); h != "" {
			b, err := hex.DecodeString(strings.ReplaceAll(h, " ", ""))
			if err == nil {
				out.Write(b)
				continue
			}
		}
		out.WriteString(content)
		if header {
			out.WriteString("\r\n")
		}
	}
	return out.String(), out.Len() > 0
}

// dumped makes bytes of a hex dump as xxd, hexdump -C, tcpdump -X and Wireshark print
// it. Of packets, each of which begins at 0 again, it makes the stream that the side
// which speaks first sent; what the other side of a followed stream sent is indented.
func dumped(text string) (string, bool) {
	line := regexp.MustCompile(`(?m)^([ \t]*)(?:0x)?([0-9a-fA-F]{4,8}):? {1,3}((?:[0-9a-fA-F]{2,4}(?: {1,2}|\r?$)){1,16})`)
	found := line.FindAllStringSubmatch(text, -1)
	if len(found) < 3 {
		return "", false
	}
	var parts [][]byte
	for _, m := range found {
		digits := strings.Join(strings.Fields(m[3]), "")
		if len(digits) > 32 {
			digits = digits[:32]
		}
		b, err := hex.DecodeString(digits)
		if err != nil {
			return "", false
		}
		if m[1] != found[0][1] {
			continue
		}
		if strings.Trim(m[2], "0") == "" || len(parts) == 0 {
			parts = append(parts, nil)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], b...)
	}
	if stream, ok := joined(parts); ok {
		return stream, true
	}
	return string(bytes.Join(parts, nil)), true
}

// arraysOfC makes bytes of arrays of C, as Wireshark exports a stream ("C Arrays"):
// those of the side that speaks first.
func arraysOfC(text string) (string, bool) {
	array := regexp.MustCompile(`(?s)\bchar\s+([A-Za-z_]+\d*?)(?:_\d+)?\[\d*\]\s*=\s*\{(.*?)\}`)
	each := regexp.MustCompile(`0x([0-9a-fA-F]{2})\b`)
	var digits strings.Builder
	first := ""
	for i, m := range array.FindAllStringSubmatch(text, -1) {
		if i == 0 {
			first = m[1]
		}
		if m[1] != first {
			continue
		}
		for _, b := range each.FindAllStringSubmatch(m[2], -1) {
			digits.WriteString(b[1])
		}
	}
	return inHex(digits.String())
}

// inHex makes bytes of a text that is hex digits from start to end.
func inHex(text string) (string, bool) {
	decoded, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	return string(decoded), err == nil && mentionsSignature(string(decoded))
}
