package explain

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"io"
	"mime/multipart"
	"mime/quotedprintable"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/sentsim/sentsim/scenarios/capture"
)

// mostUnpacked is how much is read of what is compressed.
const mostUnpacked = 8 << 20

// Compiled once: they are asked for every body that is tried.
var (
	plusLost    = regexp.MustCompile(`(":\s*") (\d{5,})`)
	byteList    = regexp.MustCompile(`^(?:<Buffer |\[|bytearray\(\[|\[\](?:byte|uint8)\{)?((?:0x)?[0-9a-fA-F]{2,3}(?:,? ?(?:0x|-)?[0-9a-fA-F]{1,3})+)[\])}>]*$`)
	threeDigits = regexp.MustCompile(`\b\d{3}\b`)
	quotedText  = regexp.MustCompile(`(?s)^[bu]?(['"` + "`" + `])(.*)['"` + "`" + `]$`)
	formField   = regexp.MustCompile(`^[\w.\[\]%+-]*=`)
	formAlone   = regexp.MustCompile(`^%7[Bb].*=?$`)
	boundary    = regexp.MustCompile(`^\s*--([^\r\n]{1,70})\r?\n`)
	mailEncoded = regexp.MustCompile(`=\r?\n|=[0-9A-F]{2}`)
)

// encodings are the steps that undo an encoding of the whole body. Something on
// the way did it, and a receiver that verifies the bytes that arrive fails.
func encodings(r capture.Request) []step {
	fault := func(cause, said, fix string, cheap bool, undo func([]byte) [][]byte) step {
		// A log or an export may write a body so by itself.
		own := r.Reported && (cause == "body-base64" || cause == "body-hex" || cause == "body-escaped")
		return step{change{cause, said, fix, own}, cheap, func(_ capture.Request, body []byte) [][]byte { return undo(body) }}
	}
	const unpack = "Sent does not compress: find what does (a proxy, a CDN, a relay), or unpack the body before its signature is verified."
	brotliSaid := strings.Contains(strings.ToLower(r.Get("Content-Encoding")), "br")
	return []step{
		fault("body-gzip", "the body is compressed with gzip, and the signature is right for what is in it", unpack, true, unpacked("\x1f\x8b", func(b io.Reader) (io.Reader, error) { return gzip.NewReader(b) })),
		fault("body-deflate", "the body is compressed with deflate (zlib), and the signature is right for what is in it", unpack, true, unpacked("\x78", func(b io.Reader) (io.Reader, error) { return zlib.NewReader(b) })),
		fault("body-zstd", "the body is compressed with zstd, and the signature is right for what is in it", unpack, true, unpacked("\x28\xb5\x2f\xfd", func(b io.Reader) (io.Reader, error) {
			return zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(mostUnpacked*2), zstd.WithDecoderMaxWindow(mostUnpacked))
		})),
		fault("body-deflate", "the body is compressed with deflate (raw), and the signature is right for what is in it", unpack, true, func(body []byte) [][]byte {
			if utf8.Valid(body) {
				return nil
			}
			return unpacked("", func(b io.Reader) (io.Reader, error) { return flate.NewReader(b), nil })(body)
		}),
		fault("body-brotli", "the body is compressed with Brotli (br), and the signature is right for what is in it", unpack, true, func(body []byte) [][]byte {
			if !brotliSaid && utf8.Valid(body) {
				return nil
			}
			return unpacked("", func(b io.Reader) (io.Reader, error) { return brotli.NewReader(b), nil })(body)
		}),
		fault("body-base64", "the body is base64, and the signature is right for what it decodes to", "A serverless platform or a gateway hands the body over as base64 (isBase64Encoded): decode it before the signature is verified.", true, fromBase64),
		fault("body-hex", "the body is written in hex, and the signature is right for what it decodes to", "Decode the hex before the signature is verified, or keep the raw bytes.", true, fromHex),
		fault("body-json-string", "the body is a JSON string that holds what was signed: it was stringified twice", "Find the second JSON.stringify, json.dumps or to_json on its way (a relay, a queue, a framework that parsed the body), and verify the text inside.", false, fromJSONString),
		fault("body-escaped", "the quotes of the body are escaped with backslashes, as within a string: it was printed twice", "Verify the raw bytes; where only the printed text is left, undo its escapes once.", false, fromEscaped),
		fault("body-form", "the body was made a form (application/x-www-form-urlencoded), and the signature is right for the JSON in it", "Find what makes a form of it (a relay, a client that encodes its data); a framework that parses forms spoils the body likewise: verify the raw bytes.", false, fromForm),
		fault("body-percent-encoded", "the body is percent-encoded (URL-encoded, as a form is), and the signature is right for what it decodes to", "Decode it before the signature is verified, or keep the raw bytes.", false, fromPercent),
		fault("body-multipart", "the body was made a part of a multipart form, and the signature is right for the JSON in it", "Find what makes a form of it; Sent sends the JSON itself.", false, fromMultipart),
		fault("body-html-escaped", "the body is escaped for HTML (&quot;), and the signature is right for what it stands for", "Something escapes its input (a filter against XSS): verify the raw bytes before it.", false, func(body []byte) [][]byte {
			return [][]byte{[]byte(html.UnescapeString(string(body)))}
		}),
		fault("body-plus-lost", "every + in the body has become a blank, as in a decoded form", "Something decoded the body as a form: verify the raw bytes before it.", false, func(body []byte) [][]byte {
			return [][]byte{plusLost.ReplaceAll(body, []byte("$1+$2"))}
		}),
		fault("body-utf16", "the body was encoded as UTF-16", "Keep the bytes as they came: UTF-8.", false, fromUTF16),
		fault("body-cp1252", "the body's UTF-8 was read as Windows-1252 and encoded again", "Keep the body as bytes, or read it as UTF-8.", false, fromCP1252),
		fault("body-wrapped", "the body stands inside another JSON, as the value of a field, and the signature is right for that value", "A relay or a queue put an envelope around it: take the value out and verify it as it is.", false, fromEnvelope),
	}
}

// unpacked reads what is compressed, when it begins with magic, to a limit.
func unpacked(magic string, open func(io.Reader) (io.Reader, error)) func([]byte) [][]byte {
	return func(body []byte) [][]byte {
		if len(body) < 8 || !bytes.HasPrefix(body, []byte(magic)) {
			return nil
		}
		reader, err := open(bytes.NewReader(body))
		if err != nil {
			return nil
		}
		if closer, ok := reader.(*zstd.Decoder); ok {
			defer closer.Close()
		}
		plain, err := io.ReadAll(io.LimitReader(reader, mostUnpacked))
		// Something may follow the compressed bytes: an editor's line break.
		if len(plain) == 0 || err != nil && !bytes.HasSuffix(bytes.TrimSpace(plain), []byte("}")) {
			return nil
		}
		return [][]byte{plain}
	}
}

func fromBase64(body []byte) [][]byte {
	text := strings.Trim(strings.TrimSpace(string(body)), `"'`)
	if i := strings.Index(text, ";base64,"); i >= 0 && i < 60 {
		text = text[i+8:]
	}
	text = strings.NewReplacer("-", "+", "_", "/", "\n", "", "\r", "", "=", "", `\/`, "/", "%2B", "+", "%2F", "/", "%3D", "").Replace(text)
	if len(text) < 16 {
		return nil
	}
	plain, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return [][]byte{plain}
}

func fromHex(body []byte) [][]byte {
	text := strings.TrimSpace(string(body))
	list := byteList.FindStringSubmatch(text)
	if list != nil && strings.ContainsAny(list[1], " ,") {
		var out []byte
		base := 16
		if !strings.Contains(list[1], "0x") && (strings.Contains(list[1], ",") || threeDigits.MatchString(list[1])) {
			base = 10
		}
		for _, part := range regexp.MustCompile(`[, ]+`).Split(list[1], -1) {
			n, err := strconv.ParseInt(strings.TrimPrefix(part, "0x"), base, 16)
			if err != nil || n < -128 || n > 255 {
				return nil
			}
			out = append(out, byte(n)) // Java's bytes have a sign
		}
		return [][]byte{out}
	}
	plain, err := hex.DecodeString(strings.TrimPrefix(strings.TrimPrefix(text, "0x"), `\x`))
	if err != nil || len(plain) == 0 {
		return nil
	}
	return [][]byte{plain}
}

func fromJSONString(body []byte) [][]byte {
	var text string
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) < 2 || trimmed[0] != '"' || json.Unmarshal(trimmed, &text) != nil {
		return nil
	}
	return [][]byte{[]byte(text)}
}

// fromEscaped undoes the escapes of a printed text, with or without quotes
// around it (b'…' of Python, "…" of most languages).
func fromEscaped(body []byte) [][]byte {
	text := strings.TrimSpace(string(body))
	if m := quotedText.FindStringSubmatch(text); m != nil {
		return [][]byte{[]byte(capture.Unescape(m[2])), []byte(m[2])}
	}
	// The backslashes in a JSON are its own.
	if strings.Contains(text, `\`) && !json.Valid(body) {
		return [][]byte{[]byte(capture.Unescape(text))}
	}
	return nil
}

func fromForm(body []byte) [][]byte {
	text := string(bytes.TrimSpace(body))
	if !formField.MatchString(text) && !formAlone.MatchString(text) {
		return nil
	}
	var all [][]byte
	for part := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(part, "=")
		for _, encoded := range []string{value, name} {
			if plain, err := url.QueryUnescape(encoded); err == nil && len(plain) > 8 {
				all = append(all, []byte(plain))
			}
			if plain, err := url.PathUnescape(encoded); err == nil && len(plain) > 8 {
				all = append(all, []byte(plain))
			}
		}
	}
	// A JSON text with = and & in it, taken for a form and put together again.
	if plain, err := url.QueryUnescape(text); err == nil {
		all = append(all, []byte(plain), []byte(strings.TrimSuffix(plain, "=")))
	}
	return all
}

func fromPercent(body []byte) [][]byte {
	var all [][]byte
	if text := string(bytes.TrimSpace(body)); strings.Contains(text, "%") {
		for _, decode := range []func(string) (string, error){url.PathUnescape, url.QueryUnescape} {
			if plain, err := decode(text); err == nil {
				all = append(all, []byte(plain), []byte(strings.TrimSuffix(plain, "=")))
			}
		}
	}
	return all
}

func fromMultipart(body []byte) [][]byte {
	m := boundary.FindSubmatch(body)
	if m == nil {
		return nil
	}
	var all [][]byte
	reader := multipart.NewReader(bytes.NewReader(bytes.TrimLeft(body, "\r\n")), string(m[1]))
	for len(all) < 8 {
		part, err := reader.NextPart()
		if err != nil {
			break
		}
		content, err := io.ReadAll(io.LimitReader(part, mostUnpacked))
		if err == nil && len(content) > 0 {
			all = append(all, content)
		}
	}
	return all
}

func fromUTF16(body []byte) [][]byte {
	if len(body) < 4 || bytes.Count(body, []byte{0}) < len(body)/3 {
		return nil
	}
	swap := body[0] == 0 || body[0] == 0xFE
	body = bytes.TrimPrefix(bytes.TrimPrefix(body, []byte("\xFF\xFE")), []byte("\xFE\xFF"))
	var units []uint16
	for ; len(body) >= 2; body = body[2:] {
		unit := uint16(body[0]) | uint16(body[1])<<8
		if swap {
			unit = uint16(body[1]) | uint16(body[0])<<8
		}
		units = append(units, unit)
	}
	return [][]byte{[]byte(string(utf16.Decode(units)))}
}

// fromCP1252 undoes the reading of UTF-8 as Windows-1252.
func fromCP1252(body []byte) [][]byte {
	const upper = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ"
	high := map[rune]byte{}
	next := byte(0x80)
	for _, c := range upper {
		high[c] = next
		next++
	}
	out := make([]byte, 0, len(body))
	for _, c := range string(body) {
		b, ok := high[c]
		switch {
		case ok:
			out = append(out, b)
		case c <= 0xFF:
			out = append(out, byte(c))
		default:
			return nil
		}
	}
	return [][]byte{out}
}

// fromQuotedPrintable undoes the encoding of mails.
func fromQuotedPrintable(body []byte) [][]byte {
	if !mailEncoded.Match(body) {
		return nil
	}
	plain, err := io.ReadAll(io.LimitReader(quotedprintable.NewReader(bytes.NewReader(body)), mostUnpacked))
	if err != nil {
		return nil
	}
	return [][]byte{plain, bytes.TrimRight(plain, "\r\n")}
}
