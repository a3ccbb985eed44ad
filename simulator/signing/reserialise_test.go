package signing

import "testing"

// The wanted texts of JavaScript and Python were printed by Node 20 and Python 3.11;
// those of PHP and .NET are written by hand.
func TestPrinters(t *testing.T) {
	const in = `{"a": 1.0, "b":"x/y+\u00e9\u2028<>&'\"\\ \ud83d\ude00\u007f\b\u0001", "2": [], "1": {}, "n": [1e30,1e-7,1e21,-0,0.1,1e5,1e16,5e-5,12345678901234567890,true,null], "a": {"z":[{}]}}`
	want := map[string]string{
		"reserialised-javascript": "{\"1\":{},\"2\":[],\"a\":{\"z\":[{}]},\"b\":\"x/y+é\u2028<>&'\\\"\\\\ 😀\x7f\\b\\u0001\",\"n\":[1e+30,1e-7,1e+21,0,0.1,100000,10000000000000000,0.00005,12345678901234567000,true,null]}",
		"reserialised-pretty":     "{\n  \"1\": {},\n  \"2\": [],\n  \"a\": {\n    \"z\": [\n      {}\n    ]\n  },\n  \"b\": \"x/y+é\u2028<>&'\\\"\\\\ 😀\x7f\\b\\u0001\",\n  \"n\": [\n    1e+30,\n    1e-7,\n    1e+21,\n    0,\n    0.1,\n    100000,\n    10000000000000000,\n    0.00005,\n    12345678901234567000,\n    true,\n    null\n  ]\n}",
		"reserialised-python":     "{\"a\": {\"z\": [{}]}, \"b\": \"x/y+\\u00e9\\u2028<>&'\\\"\\\\ \\ud83d\\ude00\\u007f\\b\\u0001\", \"2\": [], \"1\": {}, \"n\": [1e+30, 1e-07, 1e+21, 0, 0.1, 100000.0, 1e+16, 5e-05, 12345678901234567890, true, null]}",
		"reserialised-go":         "{\"1\":{},\"2\":[],\"a\":{\"z\":[{}]},\"b\":\"x/y+é\\u2028\\u003c\\u003e\\u0026'\\\"\\\\ 😀\x7f\\b\\u0001\",\"n\":[1e+30,1e-7,1e+21,-0,0.1,100000,10000000000000000,0.00005,12345678901234567000,true,null]}",
		"reserialised-php":        "{\"a\":{\"z\":[[]]},\"b\":\"x\\/y+\\u00e9\\u2028<>&'\\\"\\\\ \\ud83d\\ude00\x7f\\b\\u0001\",\"2\":[],\"1\":[],\"n\":[1e+30,1e-07,1e+21,0,0.1,100000.0,1e+16,5e-05,12345678901234567890,true,null]}",
		"reserialised-dotnet":     "{\"a\":{\"z\":[{}]},\"b\":\"x/y\\u002B\\u00E9\\u2028\\u003C\\u003E\\u0026\\u0027\\u0022\\\\ \\uD83D\\uDE00\\u007F\\b\\u0001\",\"2\":[],\"1\":{},\"n\":[1e30,1e-7,1e21,-0,0.1,1e5,1e16,5e-5,12345678901234567890,true,null]}",
	}
	for _, p := range printers() {
		got, ok := p.print([]byte(in))
		if !ok || string(got) != want[p.name] {
			t.Errorf("%s:\n got %s\nwant %s", p.name, got, want[p.name])
		}
		for _, not := range []string{"", "{", `{"a":1} {}`, `{"a"}`, `[1,]`, "nul", `{"a":1}x`} {
			if got, ok := p.print([]byte(not)); ok {
				t.Errorf("%s took %q for JSON and printed %s", p.name, not, got)
			}
		}
	}
}

func TestParseJSONHasABottom(t *testing.T) {
	deep := make([]byte, 4*maxDepth)
	for i := range deep {
		deep[i] = '['
		if i >= len(deep)/2 {
			deep[i] = ']'
		}
	}
	if _, ok := parseJSON(deep); ok {
		t.Error("there is no limit to nesting")
	}
}

// The wanted text was printed by Python 3.11.
func TestPythonBytes(t *testing.T) {
	for in, want := range map[string]string{
		"{\"a\":\"it's\\ \n\xff\x00\"}": `b'{"a":"it\'s\\ \n\xff\x00"}'`,
		"it's":                          `b"it's"`,
		"":                              `b''`,
	} {
		if got := string(pythonBytes([]byte(in))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestReplaceInvalid(t *testing.T) {
	const in = "a\xe2\x82b\xf0\x9f\x98\xff\xc0\x80\xed\xa0\x80\xe2\x82\xac\xc3"
	const want = "a\uFFFDb\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD€\uFFFD" // printed by Node 20
	if got := string(replaceInvalid([]byte(in))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
