package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/exchange"
	"github.com/sentsim/sentsim/scenarios/target"
	"github.com/sentsim/sentsim/simulator/signing"
)

// ownToTheRun are the flags that printed commands do not take over as they are: what
// they are about they say themselves, and secrets are never printed.
func ownToTheRun() []string {
	return []string{
		"secret", "secret-stdin", "config", "help",
		"seed", "rule", "skip", "tags", "feature", "strict", "fail-fast", "time-limit", "require-all",
		"output", "color", "report", "report-dir", "quiet", "verbose", "dry-run",
		"messages", "rate", "duration", "profile", "record", "shrink", "story", "partial", "new-ids",
	}
}

// again makes the words that name, in a command for somebody's shell, what this call
// was configured with: the config file, the target, and every other flag that the
// command takes, so that it does the same when it is pasted where it was printed.
// What must not be printed is left to a variable that the shell asks for.
func (a *app) again(cmd *cobra.Command, res config.Resolved) func(command string) string {
	given := a.givenAgain(cmd, res)
	root := cmd.Root()
	return func(command string) string {
		i := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == command })
		if i < 0 {
			return ""
		}
		var words []string
		for _, g := range given {
			if root.Commands()[i].Flags().Lookup(g.flag) != nil {
				words = append(words, g.words)
			}
		}
		return strings.Join(words, " ")
	}
}

type givenFlag struct{ flag, words string }

func (a *app) givenAgain(cmd *cobra.Command, res config.Resolved) []givenFlag {
	var all []givenFlag
	add := func(flag, value string) {
		all = append(all, givenFlag{flag, "--" + flag + " " + shellWord(flag, value)})
	}
	if res.File != "" {
		add("config", res.File)
	}
	named := map[string]bool{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		named[f.Name] = true
		if slices.Contains(ownToTheRun(), f.Name) {
			return
		}
		if f.Value.Type() == "bool" {
			words := "--" + f.Name
			if f.Value.String() != "true" {
				words += "=" + f.Value.String()
			}
			all = append(all, givenFlag{f.Name, words})
			return
		}
		values := []string{f.Value.String()}
		if several, ok := f.Value.(pflag.SliceValue); ok {
			values = several.GetSlice()
		}
		for _, v := range values {
			add(f.Name, v)
		}
	})
	for _, v := range res.Values { // a variable may be set for this call alone
		if v.Key == "target.secret" && strings.HasPrefix(v.Origin, "flag ") {
			name := "SENT_DM_WEBHOOK_SECRET"
			if held, err := signing.ParseSecret(a.getenv(name)); err == nil && !held.Equal(res.Secret) { // the flag was given in its place
				name = "TARGET_SECRET"
			}
			all = append(all, givenFlag{"secret", "--secret " + variable(name, "set it to the signing secret of the target")})
		}
		name, fromEnv := strings.CutPrefix(v.Origin, "environment ")
		flag := environmentFlags()[name]
		if fromEnv && flag != "" && !named[flag] {
			add(flag, a.getenv(name))
			named[flag] = true
		}
	}
	if assumed(res) {
		all = append(all, givenFlag{"embedded", "--embedded"})
	}
	return all
}

// environmentFlags are the flags that say what a variable says.
func environmentFlags() map[string]string {
	return map[string]string{
		"SENTSIM_TARGET": "target", "SENTSIM_EXEC": "exec", "SENTSIM_IMAGE": "image",
		"SENTSIM_DOCKERFILE": "dockerfile", "SENTSIM_EDITION": "edition",
	}
}

var (
	credentialName = regexp.MustCompile(`(?i)auth|cookie|token|secret|key|pass|credential|session|signature`)
	assignment     = regexp.MustCompile(`^\s*[A-Za-z_]\w*=`)
	notInNames     = regexp.MustCompile(`[^A-Za-z0-9]+`)
)

// shellWord is a flag's value as a word for a shell. The part of it that may be a
// credential is a variable, without which the shell says what is missing.
func shellWord(flag, value string) string {
	switch flag {
	case "target", "forward-to":
		value = target.FullURL(value)
		if u, err := url.Parse(value); err != nil || u.User != nil || u.RawQuery != "" {
			return variable("SENTSIM_TARGET", "set it to the URL of the target, which may hold a credential")
		}
	case "exec":
		if assignment.MatchString(value) || strings.Contains(value, "whsec_") {
			return variable("SENTSIM_EXEC", "set it to the command that starts the target, which may hold a credential")
		}
	case "env", "header":
		separator := map[string]string{"env": "=", "header": ":"}[flag]
		name, text, found := strings.Cut(value, separator)
		if found && (credentialName.MatchString(name) || strings.Contains(text, "whsec_") || strings.Contains(text, "@")) {
			upper := strings.Trim(strings.ToUpper(notInNames.ReplaceAllString(name, "_")), "_")
			if separator == ":" {
				separator = ": "
			}
			return exchange.Quote(name+separator) + variable("SENTSIM_"+upper, "set it to the value of "+flag+" "+upper)
		}
	}
	return exchange.Quote(value)
}

func variable(name, message string) string { return fmt.Sprintf(`"${%s:?%s}"`, name, message) }

// prepare completes the configuration of a run with what its report says of it.
func (a *app) prepare(cmd *cobra.Command, res *config.Resolved) {
	res.Target.Hurry = a.hurry
	res.Again = a.again(cmd, *res)
}
