package sentsim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/js/common"
	"go.k6.io/k6/lib/fsext"

	"github.com/sentsim/sentsim/scenarios"
	"github.com/sentsim/sentsim/scenarios/config"
	"github.com/sentsim/sentsim/scenarios/nearest"
	"github.com/sentsim/sentsim/simulator/chaos"
)

// options are what a script gave to new Run().
type options map[string]any

// settings are what a run is carried out with.
type settings struct {
	cfg      scenarios.Config
	run      scenarios.ChaosRun
	record   string // the file of the trace; "" for none
	noTarget bool   // none was given: k6 archive needs none
}

// start is when the events of a run happen unless the script says otherwise: the same
// moment for every process, or they would not send the same bytes.
func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// flags are the options that mean what a flag of sentsim means, by their names.
func flags() map[string]string {
	return map[string]string{
		"target": "target", "secret": "secret", "seed": "seed", "start": "start", "settle": "settle", "timeout": "timeout",
		"edition": "edition", "extended": "extended", "strict": "strict", "skip": "skip", "insecure": "insecure", "cacert": "cacert",
		"headers": "header", "knobs": "knob", "allowPublicTarget": "allow-public-target", "waitForTarget": "wait-for-target",
		"config": "config",
	}
}

// known are all options.
func known() []string {
	return append(slices.Sorted(maps.Keys(flags())), "messages", "probe", "profile", "record")
}

func wrong(option, format string, args ...any) error {
	return fmt.Errorf("new Run(): %s: %w", option, fmt.Errorf(format, args...))
}

// optionsOf reads the argument of new Run(). What is undefined was not given.
func optionsOf(v sobek.Value) (options, error) {
	if common.IsNullish(v) {
		return nil, errors.New("new Run(): give it options, such as {seed: 1, messages: 1000, profile: 'everything', target: __ENV.SENTSIM_TARGET}")
	}
	given, ok := v.Export().(map[string]any)
	if !ok {
		return nil, errors.New("new Run(): its argument must be an object with options")
	}
	all := options{}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known(), key) {
			hint := nearest.Hint(key, known())
			if hint == "" {
				hint = ": known are " + strings.Join(known(), ", ")
			}
			return nil, fmt.Errorf("new Run(): unknown option %q%s", key, hint)
		}
		if given[key] == nil {
			continue
		}
		if _, err := json.Marshal(given[key]); err != nil {
			return nil, wrong(key, "must be plain data: texts, numbers, true or false, and objects and lists of them")
		}
		all[key] = given[key]
	}
	return all, nil
}

// resolve checks the options, with the file that they name and the environment.
func (o options) resolve(environ []string, readFile func(string) ([]byte, error)) (settings, error) {
	s := settings{}
	messages, err := o.messages()
	if err != nil {
		return s, err
	}
	if s.record, err = o.text("record"); err != nil {
		return s, err
	}
	in := config.Input{Flags: map[string]config.FlagValue{}, Environ: withoutCI(environ), ReadFile: readFile}
	for option, flag := range flags() {
		if v, given := o[option]; given {
			values, err := flagValues(v, separator(option))
			if err != nil {
				return s, wrong(option, "%w", err)
			}
			in.Flags[flag] = values
		}
	}
	if err := o.probe(&in); err != nil {
		return s, err
	}
	if slices.Contains(in.Flags["seed"], "random") {
		return s, wrong("seed", "must be a number, for every virtual user and every process draws the same plan from it")
	}
	res, err := config.Load(in)
	if err != nil {
		return s, fmt.Errorf("new Run(): %w", inOurWords(err))
	}
	s.cfg, s.noTarget = res.Config, res.Embedded
	if s.cfg.Start.IsZero() {
		s.cfg.Start = start()
	}
	profile, err := o.profile(readFile)
	if err != nil {
		return s, err
	}
	s.run.Version, s.run.Profile, s.run.Trace = version, profile.Name, s.record
	if s.run.Plan, err = scenarios.ChaosPlan(s.cfg, profile, messages); err != nil {
		return s, fmt.Errorf("new Run(): %w", err)
	}
	return s, nil
}

func (o options) messages() (int, error) {
	n, ok := wholeNumber(o["messages"])
	switch {
	case o["messages"] == nil:
		return 0, wrong("messages", "is missing: it is how many messages the plan has, one for each iteration of the scenario")
	case !ok || n < 1 || n > chaos.MaxMessages:
		return 0, wrong("messages", "must be a whole number from 1 to %d", chaos.MaxMessages)
	}
	return int(n), nil
}

func (o options) text(option string) (string, error) {
	v, given := o[option]
	if !given {
		return "", nil
	}
	text, ok := v.(string)
	if !ok || strings.TrimSpace(text) == "" {
		return "", wrong(option, "must be a text that is not empty")
	}
	return text, nil
}

// optionsFile is what errors call the options that have the form of the config file.
const optionsFile = "the options of new Run()"

// probe hands the option of that name to the reader of config files, which knows its form.
func (o options) probe(in *config.Input) error {
	v, given := o["probe"]
	if !given {
		return nil
	}
	if _, both := o["config"]; both {
		return wrong("probe", "stands in the config file already: give one of both")
	}
	if _, ok := v.(map[string]any); !ok {
		return wrong("probe", "must be an object, as probe in sentsim.yaml: {message: {url: '/state/{message_id}', status: '$.status'}}")
	}
	data, err := json.Marshal(map[string]any{"probe": v})
	if err != nil {
		return wrong("probe", "%w", err)
	}
	in.Flags["config"] = config.FlagValue{optionsFile}
	in.ReadFile = func(string) ([]byte, error) { return data, nil }
	return nil
}

func (o options) profile(readFile func(string) ([]byte, error)) (chaos.Profile, error) {
	named, err := o.text("profile")
	if err != nil {
		return chaos.Profile{}, err
	}
	if named == "" {
		named = chaos.DefaultProfile
	}
	if p, ok := chaos.LookupProfile(named); ok {
		return p, nil
	}
	var p chaos.Profile
	data, err := readFile(named)
	switch {
	case err == nil:
		p, err = config.ParseProfile(named, data)
	case errors.Is(err, fs.ErrNotExist):
		p, err = config.LoadProfile(context.Background(), named) // its error says what there is
	}
	if err != nil {
		return p, fmt.Errorf("new Run(): %w", err)
	}
	return p, nil
}

// separator stands between a name and its value on the command line.
func separator(option string) string {
	if option == "headers" {
		return ": "
	}
	return "="
}

// flagValues is an option's value as it would be given to a flag.
func flagValues(v any, separator string) (config.FlagValue, error) {
	switch v := v.(type) {
	case []any:
		var all config.FlagValue
		for _, one := range v {
			text, err := flagText(one)
			if err != nil {
				return nil, err
			}
			all = append(all, text)
		}
		return all, nil
	case map[string]any:
		var all config.FlagValue
		for _, key := range slices.Sorted(maps.Keys(v)) {
			text, err := flagText(v[key])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			all = append(all, key+separator+text)
		}
		return all, nil
	}
	text, err := flagText(v)
	return config.FlagValue{text}, err
}

func flagText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	}
	if n, ok := wholeNumber(v); ok {
		return strconv.FormatInt(n, 10), nil
	}
	if f, ok := v.(float64); ok && !math.IsNaN(f) && !math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	}
	return "", errors.New("must be a text, a number, true or false")
}

// wholeNumber is a number of JavaScript that is whole and exact.
func wholeNumber(v any) (int64, bool) {
	const exact = 1 << 53
	switch v := v.(type) {
	case int64:
		return v, true
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < exact {
			return int64(v), true
		}
	}
	return 0, false
}

var ofFlag = regexp.MustCompile(`flag --([a-z-]+)`)

// inOurWords names options where the errors of package config name flags.
func inOurWords(err error) error {
	text := ofFlag.ReplaceAllStringFunc(err.Error(), func(match string) string {
		flag := strings.TrimPrefix(match, "flag --")
		for option, of := range flags() {
			if of == flag {
				return "option " + option
			}
		}
		return match
	})
	return errors.New(strings.ReplaceAll(text, "--secret whsec_…, --secret-stdin", "the option secret"))
}

// withoutCI is the environment without what makes a missing target an error: whether
// one is missing is for the first message to say.
func withoutCI(environ []string) []string {
	return slices.DeleteFunc(environ, func(kv string) bool { return strings.HasPrefix(kv, "CI=") })
}

// environmentOf is what the script sees as __ENV: what was given with -e among it.
func environmentOf(rt *sobek.Runtime) []string {
	var all []string
	if env, ok := rt.Get("__ENV").Export().(map[string]string); ok {
		for _, key := range slices.Sorted(maps.Keys(env)) {
			all = append(all, key+"="+env[key])
		}
	}
	return all
}

// readFile reads a file as open() in the script does, so that an archive holds it.
func (i *instance) readFile(name string) ([]byte, error) {
	env := i.vu.InitEnv()
	return fsext.ReadFile(env.FileSystems["file"], env.GetAbsFilePath(name))
}
