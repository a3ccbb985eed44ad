package cause

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/sentsim/sentsim/scenarios/report"
)

func TestOffline(t *testing.T) {
	for _, dir := range filepath.SplitList(os.Getenv("REPORTS")) {
		files, _ := filepath.Glob(dir + "/*.json")
		for _, f := range files {
			b, _ := os.ReadFile(f)
			var rep report.Report
			if err := json.Unmarshal(b, &rep); err != nil {
				t.Log(f, err)
				continue
			}
			facts := Facts{Rules: rep.Rules, Diagnosis: rep.Diagnosis}
			var learnedRules []string
			for _, c := range rep.Causes {
				if c.Certainty == "tried" {
					learnedRules = append(learnedRules, c.Rules...)
					t.Logf("%s\ttried\t%s\t%v", filepath.Base(f), c.ID, c.Rules)
				}
			}
			_ = learnedRules
			for _, c := range Explain(facts) {
				t.Logf("%s\t%s\t%s\t%v\t%s", filepath.Base(f), c.Certainty, c.ID, c.Rules, c.Summary)
			}
		}
	}
}
