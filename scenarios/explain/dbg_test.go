package explain
import ("testing";"os";"time";"github.com/sentsim/sentsim/scenarios/capture";"github.com/sentsim/sentsim/simulator/signing")
func TestDbg(t *testing.T){
 s,_:=signing.ParseSecret("whsec_c2FtcGxlLXNpZ25pbmcta2V5LWZvci1jYXNlcw==")
 data,err:=os.ReadFile(os.Getenv("DBG")); if err!=nil {t.Fatal(err)}
 rs,err:=capture.Parser{}.Readings(data)
 if err!=nil {t.Log("ERR",err)}
 for _,r:=range rs { for _,q:=range r.Requests { t.Logf("%s: %q %q lost=%q notes=%q others=%q",r.Format,q.Headers,q.Body,q.Lost,q.Notes,q.Others)}}
 if len(rs)>0 { for _,f:=range Explain(s,rs,func(capture.Request)time.Time{return time.Unix(1761905442,0)}) {t.Logf("%d %s %s %q",f.Verdict,f.Cause,f.Summary,f.Notes)}}
}
