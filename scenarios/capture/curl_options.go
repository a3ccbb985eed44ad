package capture

import "strings"

// The options of curl(1) that a copied or hand-written command may have, and
// that do not change what is read here. Others are refused: whether an unknown
// option takes a value decides what the next word means.
const (
	// curlFlags take no value.
	curlFlags = ` --silent --show-error --verbose --include --insecure --location --location-trusted --fail --fail-with-body
		--globoff --compressed --no-buffer --no-keepalive --http0.9 --http1.0 --http1.1 --http2 --http2-prior-knowledge --http3
		--http3-only --tlsv1 --tlsv1.0 --tlsv1.1 --tlsv1.2 --tlsv1.3 --ipv4 --ipv6 --remote-name --remote-name-all --parallel
		--path-as-is --progress-bar --no-progress-meter --tcp-nodelay --tcp-fastopen --raw --tr-encoding --styled-output
		--remote-header-name --remote-time --create-dirs --disable --basic --digest --ntlm --negotiate --anyauth --netrc
		--junk-session-cookies --retry-connrefused --retry-all-errors --ssl --ssl-reqd --ssl-no-revoke --cert-status
		--compressed-ssh --suppress-connect-headers --haproxy-protocol --no-alpn --no-sessionid --false-start --fail-early
		-s -S -v -i -k -L -f -g -N -O -J -j -n -q -R -Z -0 -1 -2 -3 -4 -6 -# `
	// curlValues take a value that does not matter.
	curlValues = ` --output --write-out --max-time --connect-timeout --retry --retry-delay --retry-max-time --proxy --noproxy
		--cacert --capath --cert --cert-type --key --key-type --pass --ciphers --tls13-ciphers --tls-max --curves --resolve
		--connect-to --interface --local-port --unix-socket --abstract-unix-socket --cookie-jar --dump-header --limit-rate
		--max-redirs --max-filesize --keepalive-time --output-dir --stderr --trace --trace-ascii --user --proxy-user
		--proxy-header --oauth2-bearer --range --speed-limit --speed-time --time-cond --pinnedpubkey --dns-servers --doh-url
		--expect100-timeout --parallel-max --rate --proto --proto-default --proto-redir --request-target --crlfile --aws-sigv4
		--happy-eyeballs-timeout-ms --etag-save --etag-compare --alt-svc --hsts --libcurl
		-o -w -m -x -E -c -D -u -U -r -y -Y -z -C -t -Q -P `
)

// curlShort are the one-letter names of the options that matter.
func curlShort(letter byte) string {
	switch letter {
	case 'X':
		return "--request"
	case 'H':
		return "--header"
	case 'd':
		return "--data"
	case 'A':
		return "--user-agent"
	case 'e':
		return "--referer"
	case 'b':
		return "--cookie"
	case 'I':
		return "--head"
	case 'G':
		return "--get"
	case 'F':
		return "--form"
	case 'T':
		return "--upload-file"
	case 'K':
		return "--config"
	case ':':
		return "--next"
	}
	return "-" + string(letter)
}

// optionKind is what an option means to us.
type optionKind int

const (
	unknownOption optionKind = iota
	flagOption
	valueOption // of no interest, with a value
	ourFlag
	ourValue
)

func kindOf(option string) optionKind {
	switch option {
	case "--head", "--get", "--next":
		return ourFlag
	case "--request", "--header", "--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", "--json",
		"--user-agent", "--referer", "--cookie", "--url", "--form", "--form-string", "--upload-file", "--config":
		return ourValue
	}
	switch {
	case listed(curlFlags, option), listed(curlFlags, strings.Replace(option, "--no-", "--", 1)):
		return flagOption
	case listed(curlValues, option):
		return valueOption
	}
	return unknownOption
}

func listed(list, option string) bool {
	for name := range strings.FieldsSeq(list) {
		if name == option {
			return true
		}
	}
	return false
}
