package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// edited is a JSON body as somebody leaves it in an editor. It is shown indented,
// and compact again when it comes back; what is no JSON then is sent as it is.
func (a *app) edited(ctx context.Context, body []byte) ([]byte, error) {
	editor := a.getenv("VISUAL")
	if editor == "" {
		editor = a.getenv("EDITOR")
	}
	if editor == "" {
		return nil, usage("--edit: no editor is named: set EDITOR")
	}
	dir, err := os.MkdirTemp("", "sentsim-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "body.json")
	var shown bytes.Buffer
	if err := json.Indent(&shown, body, "", "  "); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, append(shown.Bytes(), '\n'), 0o600); err != nil {
		return nil, err
	}
	// The shell takes an editor's own flags apart: EDITOR='code --wait'.
	cmd := exec.CommandContext(ctx, "sh", "-c", editor+` "$1"`, "sh", file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = a.stdin, a.stderr, a.stderr, a.environ
	if f, tty := isTerminal(a.stdout); tty {
		cmd.Stdout = f
	}
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("--edit: the editor ended with %w: nothing was sent", err)
	}
	left, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--edit: %w", err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, left); err != nil {
		return bytes.TrimSpace(left), nil
	}
	return compact.Bytes(), nil
}
