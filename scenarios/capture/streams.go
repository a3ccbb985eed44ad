package capture

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// streamOfYAML puts a stream together that Wireshark exported as YAML: the packets
// of the side that sends the first one.
func streamOfYAML(text string) (string, bool) {
	packet := regexp.MustCompile(`(?m)^[ \t]*peer: (\d+)\r?\n(?:[ \t]+\w+: .*\n)*?[ \t]*data: !!binary \|-?\r?\n((?:[ \t]+[A-Za-z0-9+/=]+[ \t\r]*(?:\n|\z))+)`)
	var out strings.Builder
	first := ""
	for i, m := range packet.FindAllStringSubmatch(text, -1) {
		if i == 0 {
			first = m[1]
		}
		if m[1] != first {
			continue
		}
		b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(m[2]), ""))
		if err != nil {
			return "", false
		}
		out.Write(b)
	}
	return out.String(), out.Len() > 0
}

// terminal is what a recording of asciinema shows on the screen, from its first
// line that says which version of its form it has.
func terminal(text string) (string, bool) {
	d := json.NewDecoder(strings.NewReader(text))
	var head struct {
		Version int               `json:"version"`
		Stdout  []json.RawMessage `json:"stdout"` // of the first version, which is one JSON
	}
	if d.Decode(&head) != nil || head.Version == 0 {
		return "", false
	}
	var out strings.Builder
	for _, raw := range head.Stdout {
		var part []any
		if json.Unmarshal(raw, &part) == nil && len(part) == 2 {
			fmt.Fprint(&out, part[1])
		}
	}
	for {
		var part []any // seconds, the kind of event, what was printed
		if d.Decode(&part) != nil {
			break
		}
		if len(part) == 3 && part[1] == "o" {
			fmt.Fprint(&out, part[2])
		}
	}
	return out.String(), out.Len() > 0
}

// systemCall finds a call that reads or writes, its direction and its file.
func systemCall() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^[^"\n]*?\b(read|pread64|readv|recv|recvfrom|recvmsg|write|pwrite64|writev|send|sendto|sendmsg)\((\d+)[^,"\n]*,(.*)$`)
}

// systemCalls puts together what strace prints of the calls that read or wrote a
// request: those in the same direction and of the same file as the first one that
// has the beginning of a request. The error says that strace has cut a text.
func (p Parser) systemCalls(text string, depth int) ([]Request, error) {
	each := regexp.MustCompile(`"((?:[^"\\]|\\.)*)"(\.\.\.)?`)
	begins := regexp.MustCompile(`^(?:POST|PUT|GET|PATCH) \S+ HTTP/`)
	var out strings.Builder
	var call string
	for _, at := range systemCall().FindAllStringSubmatchIndex(text, -1) {
		way := "in"
		if name := text[at[2]:at[3]]; strings.Contains(name, "write") || strings.Contains(name, "send") {
			way = "out"
		}
		way += text[at[4]:at[5]]
		for _, m := range each.FindAllStringSubmatch(text[at[6]:at[7]], -1) {
			plain := Unescape(m[1])
			if call == "" && begins.MatchString(plain) {
				call = way
			}
			if way != call {
				continue
			}
			if m[2] != "" {
				return nil, fmt.Errorf("line %d: strace has cut the text of this call (\"...\"), and the rest of the request is not in it: run it again with -s 1000000", 1+strings.Count(text[:at[0]], "\n"))
			}
			out.WriteString(plain)
		}
	}
	return p.within(out.String(), func(plain string) (string, bool) { return plain, plain != "" }, depth)
}

// packet is what a packet of TCP carries, and where it belongs.
type packet struct {
	from    string // address and port
	number  uint32 // of its first byte
	payload []byte
}

// packetOf reads a packet of IP with TCP in it, behind a header of Ethernet or not.
func packetOf(b []byte) (packet, bool) {
	const ethernet, tcp = 14, 6
	if len(b) > ethernet && (b[12] == 0x08 && b[13] == 0 && b[14]>>4 == 4 || b[12] == 0x86 && b[13] == 0xDD) {
		b = b[ethernet:]
	}
	var from, segment []byte
	switch {
	case len(b) >= 40 && b[0]>>4 == 4 && b[0]&15 >= 5 && b[9] == tcp:
		head, end := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
		if end == 0 || end > len(b) { // the card cuts large ones up, and then no length is there
			end = len(b)
		}
		if head > end {
			return packet{}, false
		}
		from, segment = b[12:16], b[head:end]
	case len(b) >= 60 && b[0]>>4 == 6 && b[6] == tcp:
		from, segment = b[8:24], b[40:min(len(b), 40+int(binary.BigEndian.Uint16(b[4:])))]
	}
	if len(segment) < 20 || int(segment[12]>>4)*4 < 20 || int(segment[12]>>4)*4 > len(segment) {
		return packet{}, false
	}
	return packet{fmt.Sprintf("%x %x", from, segment[:2]), binary.BigEndian.Uint32(segment[4:]), segment[int(segment[12]>>4)*4:]}, true
}

// joined puts packets of TCP together: those of the side that sends first, in the
// order of their numbers, none twice. ok is false where one of them is no packet.
func joined(all [][]byte) (text string, ok bool) {
	var packets []packet
	for _, b := range all {
		p, ok := packetOf(b)
		if !ok {
			return "", false
		}
		if len(p.payload) > 0 && (len(packets) == 0 || p.from == packets[0].from) {
			packets = append(packets, p)
		}
	}
	// A difference, for numbers begin again at 0.
	slices.SortStableFunc(packets, func(a, b packet) int { return int(int32(a.number - b.number)) }) //nolint:gosec // that is meant
	var out strings.Builder
	for i, p := range packets {
		twice := 0 // bytes of it that were sent before
		if i > 0 {
			twice = int(int32(packets[0].number + uint32(out.Len()) - p.number)) //nolint:gosec // likewise
		}
		if twice >= 0 && twice < len(p.payload) {
			out.Write(p.payload[twice:])
		} else if twice < 0 {
			break // a packet is missing, and what follows it would not stand in its place
		}
	}
	return out.String(), out.Len() > 0
}
