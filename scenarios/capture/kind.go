package capture

import (
	"fmt"
	"regexp"
)

// kind is something that a text can be, and how it is told.
type kind struct{ pattern, name string }

// named is the name of the first of the kinds that text is; "" where it is none.
func named(text string, kinds []kind) string {
	for _, k := range kinds {
		if regexp.MustCompile(k.pattern).MatchString(text) {
			return k.name
		}
	}
	return ""
}

// languageOf names what a text is written in, or which program wrote it.
func languageOf(text string) string {
	name := named(text, []kind{
		{`(?i)Invoke-(WebRequest|RestMethod)|\b(iwr|irm)\b.*-Uri|@\{`, powerShell},
		{`(?m)\^\r?$|\^"|(?i)curl(\.exe)? .*""\w+""`, windowsCmd},
		{`(?m)^body:\w+ \{\r?$`, "a request of Bruno"},
		{`(?m)^\s*(?:Array|[\w\\]+ Object)\r?\n\s*\(`, "what print_r of PHP prints"},
		{`(?m)^\s*array\(\d+\) \{`, "what var_dump of PHP prints"},
		{`\$VAR\d+ = `, "what Data::Dumper of Perl prints"},
		{`(?m)^(?:\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+ IP6? `, "what tcpdump prints"},
		{`(?m)^-\[ RECORD \d+ \]|^\*{10,} \d+\. row \*`, "a row of a table as a database's client prints it"},
		{`\bfetch\(|axios|XMLHttpRequest|\$\.ajax|require\(|\bgot[.(]|http\.request\(|\bimport .+ from ['"]`, "JavaScript (fetch or the like)"},
		{`requests\.(post|request)|httpx\.|urllib|aiohttp|http\.client|import json`, "Python"},
		{`http\.NewRequest|map\[string\]`, "Go"},
		{`Net::HTTP|HTTParty|Faraday|=>\s*"`, "Ruby or PHP"},
		{`curl_setopt|GuzzleHttp|array\(\d`, "PHP"},
		{`HttpClient|HttpRequestMessage|RestSharp|OkHttp|HttpRequest\.`, "Java or C#"},
		{`(?m)^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ [^\s:\[]+(?:\[\d+\])?: `, "a line of the system's log (syslog, journald)"},
		{`\{'[\w-]+': |\bb'\{`, "what Python prints for its values"},
		{`\bmap\[[\w-]+:`, "what Go prints for its values"},
		{`(?m)^\s+(?:\w+|'[^'\n]+'): '[^'\n]*',\r?$`, "what console.log of Node.js prints"},
		{`\{[\w-]+=\[?[^,{}]*, [\w-]+=`, "what Java prints for a map"},
		{`(?i)\binsert into\b|""\w+""|\A"?[\w-]+"?(?:[,;\t]"?[\w-]+"?){2,}\r?\n`, "a row of a table (CSV or SQL)"},
	})
	if name == "" {
		return "a log or a text"
	}
	return name
}

// The kinds whose quoting is undone.
const (
	powerShell = "PowerShell"
	windowsCmd = "a command for Windows' cmd"
)

// requestLog names the log of requests that a text is, with a line for each
// and nothing of what a request carries; "" where it is none.
func requestLog(text string) string {
	return named(text, []kind{
		{`(?m)^.*\bStarted [A-Z]+ "[^"]*" for |^.*\bProcessing by \w+(?:::\w+)*#\w+ as `, "a log of Rails"},
		{`(?m)^#Fields: .*\bcs-(?:method|uri)|^#Software: Microsoft Internet Information`, "a log of IIS"},
		{`heroku\[router\]: `, "a log of Heroku's router"},
		{`(?m)^\S+ \S+ .*\[\d\d/[A-Z][a-z]{2}/\d{4}:[\d:]+ [+-]\d{4}\] "[A-Z]+ \S+`, "an access log (nginx, Apache)"},
		{`"(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \S+ HTTP/[0-9.]+"`, "the log of a web server"},
	})
}

// logOnly is the error for a log of requests, of which text is a part: it has
// nothing of a delivery in it.
func logOnly(text string, line int) error {
	what := requestLog(text)
	if what == "" {
		return nil
	}
	return fmt.Errorf("line %d: this is %s, which has neither the signature headers nor the body of a delivery: record the request itself where it arrives, all headers and the raw body, with a proxy or a tunnel that shows requests (mitmproxy, ngrok) or in the receiver before anything parses the body", line, what)
}
