package config
import ("testing";"strings";"time";"github.com/goccy/go-yaml/lexer";"github.com/goccy/go-yaml/parser")
func TestLex(t *testing.T) {
 for _, n := range []int{1000,4000,16000,60000} {
  s := time.Now(); tk := lexer.Tokenize(strings.Repeat("[", n)); t.Log(n, len(tk), time.Since(s))
  if n <= 16000 { s = time.Now(); _, err := parser.Parse(tk, 0); t.Log("parse", time.Since(s), err != nil) }
 }
 for _, n := range []int{1000,4000,8000} {
  for _, c := range []string{"{a: ", "- ", "? ", "&a ", "!a ", "a: ", "'", "\"", "|", "a:\n  ", "#", "{", ","} {
  s := time.Now(); _, err := parser.ParseBytes([]byte(strings.Repeat(c, n)), 0); if d:=time.Since(s); d > 50*time.Millisecond {t.Log(n, c, d, err!=nil)}
 }}
}
