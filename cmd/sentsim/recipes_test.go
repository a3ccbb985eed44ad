package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// recipes executes what the recipes for CI systems say, step by step, as their
// runners would: those cannot be had here.
func recipes(t *testing.T, set imageSet, config string) {
	t.Helper()
	t.Run("the GitHub action and the workflow that uses it", func(t *testing.T) { githubRecipe(t, set) })
	t.Run("GitLab", func(t *testing.T) { gitlabRecipe(t, set) })
	t.Run("compose: in a container, against a container", func(t *testing.T) { composeRecipe(t, set, config) })
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile("../../" + path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// repository is somebody's, with a receiver whose image needs no base.
func repository(t *testing.T, set imageSet) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM "+set.receiver+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// Few rules: this is about the recipe.
	if err := os.WriteFile(filepath.Join(dir, "sentsim.yaml"), []byte("rules: [SIG-1, SIG-2, ACK-3]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { docker(t, "rmi", "-f", "my-receiver:ci") })
	return dir
}

// shell runs a step's script with sentsim on the PATH.
func shell(t *testing.T, set imageSet, dir, script string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append([]string{"CI=true", "PATH=" + filepath.Dir(set.program) + ":" + os.Getenv("PATH")}, env...)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func githubRecipe(t *testing.T, set imageSet) {
	t.Helper()
	type step struct {
		Uses string            `yaml:"uses"`
		Run  string            `yaml:"run"`
		Env  map[string]string `yaml:"env"`
		With map[string]string `yaml:"with"`
	}
	var action struct {
		Inputs map[string]struct {
			Default string `yaml:"default"`
		} `yaml:"inputs"`
		Runs struct {
			Steps []step `yaml:"steps"`
		} `yaml:"runs"`
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []step `yaml:"steps"`
		} `yaml:"jobs"`
	}
	readYAML(t, "action.yml", &action)
	readYAML(t, "cmd/sentsim/testdata/recipes/github.yml", &workflow)
	dir := repository(t, set)
	summary := filepath.Join(t.TempDir(), "summary.md")
	github := []string{"GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY=" + summary}
	// act runs the action's steps with these inputs, and ends with the first that fails.
	act := func(with map[string]string) (log string, err error) {
		for _, s := range action.Runs.Steps {
			if s.Run == "" {
				continue // somebody else's action
			}
			env := github
			for name, value := range s.Env {
				for input, about := range action.Inputs {
					given, ok := with[input]
					if !ok {
						given = about.Default
					}
					value = strings.ReplaceAll(value, "${{ inputs."+input+" }}", given)
				}
				if strings.Contains(value, "${{") {
					t.Errorf("%s is %s, which is no input", name, value)
				}
				env = append(env, name+"="+value)
			}
			out, err := shell(t, set, dir, s.Run, env...)
			log += out
			if err != nil {
				return log, err
			}
		}
		return log, nil
	}
	used := 0
	for _, s := range workflow.Jobs["verify"].Steps {
		switch {
		case s.Run != "":
			if out, err := shell(t, set, dir, s.Run, github...); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		case strings.HasPrefix(s.Uses, "sentsim/sentsim@"):
			used++
			for name := range s.With {
				if _, ok := action.Inputs[name]; !ok {
					t.Errorf("the action has no input %s", name)
				}
			}
			if out, err := act(s.With); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
	}
	if used != 1 {
		t.Fatalf("the workflow uses the action %d times", used)
	}
	for _, name := range []string{summary, filepath.Join(dir, "sentsim-report.xml")} {
		if data, err := os.ReadFile(name); err != nil || !strings.Contains(string(data), "SIG-1") {
			t.Errorf("%s: %v\n%s", name, err, data)
		}
	}
	// A broken receiver fails the step, with annotations.
	out, err := act(map[string]string{"image": "my-receiver:ci", "args": "--path /nowhere --rule SIG-1"})
	if err == nil || !strings.Contains(out, "\n::error title=SIG-1 (MUST)::") {
		t.Errorf("%v\n%s", err, out)
	}
	// Without a target the step says so, and does not test something else.
	if out, err = act(nil); err == nil || !strings.Contains(out, "no target is given") {
		t.Errorf("%v\n%s", err, out)
	}
}

func gitlabRecipe(t *testing.T, set imageSet) {
	t.Helper()
	var file map[string]struct {
		BeforeScript []string `yaml:"before_script"`
		Script       []string `yaml:"script"`
		Artifacts    struct {
			Reports map[string]string `yaml:"reports"`
		} `yaml:"artifacts"`
	}
	readYAML(t, "cmd/sentsim/testdata/recipes/gitlab-ci.yml", &file)
	job := file["webhooks"]
	if len(job.Script) == 0 {
		t.Fatal("there is no script")
	}
	dir := repository(t, set)
	if out, err := shell(t, set, dir, strings.Join(append(job.BeforeScript, job.Script...), "\n"), "GITLAB_CI=true"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if data, err := os.ReadFile(filepath.Join(dir, job.Artifacts.Reports["junit"])); err != nil || !strings.Contains(string(data), "<testsuites") {
		t.Errorf("%v\n%s", err, data)
	}
}

// composeRecipe does with the client alone what compose does with the file,
// which not every machine has.
func composeRecipe(t *testing.T, set imageSet, config string) {
	t.Helper()
	var file struct {
		Services map[string]struct {
			Image       string            `yaml:"image"`
			Environment map[string]string `yaml:"environment"`
			Command     string            `yaml:"command"`
		} `yaml:"services"`
	}
	readYAML(t, "cmd/sentsim/testdata/recipes/compose.yaml", &file)
	network := "sentsim-compose-" + strconv.Itoa(os.Getpid())
	docker(t, "network", "create", network)
	t.Cleanup(func() { docker(t, "network", "rm", network) })
	run := func(service string, mode ...string) string {
		s := file.Services[service]
		args := append([]string{"run", "--network", network, "--network-alias", service}, mode...)
		for name, value := range s.Environment {
			if strings.HasPrefix(value, "${SENT_DM_WEBHOOK_SECRET") {
				value = testSecret
			}
			args = append(args, "-e", name+"="+value)
		}
		image := map[string]string{
			"${RECEIVER_IMAGE:-sentsim-receiver}": set.receiver, "${SENTSIM_IMAGE_NAME:-sentsim}": set.sentsim,
		}[s.Image]
		if image == "" {
			t.Fatalf("%s has the image %s", service, s.Image)
		}
		return docker(t, append(append(args, image), strings.Fields(s.Command)...)...)
	}
	id := run("receiver", "-d")
	t.Cleanup(func() { docker(t, "rm", "-f", id) })
	// With the config file that the recipe leaves out, there is more to see.
	out := run("sentsim", "--rm", "-v", config+":/work/sentsim.yaml:ro")
	for _, want := range []string{"kept as far as seen: 45 of 48 rules", "exit 0", "✓ INB-2", "✓ SIG-13", "✓ ORD-1"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
