package explain
import ("testing";"os";"time";"github.com/sentsim/sentsim/scenarios/capture";"github.com/sentsim/sentsim/simulator/signing")
func BenchmarkX(b *testing.B){
 s,_:=signing.ParseSecret("whsec_c2FtcGxlLXNpZ25pbmcta2V5LWZvci1jYXNlcw==")
 data,_:=os.ReadFile(os.Getenv("DBG"))
 for b.Loop() { rs,_:=capture.Parser{}.Readings(data)
 Explain(s,rs,func(capture.Request)time.Time{return time.Unix(1761905442,0)}) }
}
