package main

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by the linker (-X main.version=v1.2.3).
var version string

// build is what is known about how this program was made.
type build struct{ version, commit, date, goVersion string }

func thisBuild() build {
	b := build{version: version}
	info, ok := debug.ReadBuildInfo()
	if ok {
		b.goVersion = info.GoVersion
		if v := info.Main.Version; b.version == "" && v != "(devel)" {
			b.version = v
		}
		modified := false
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				b.commit = s.Value[:min(12, len(s.Value))]
			case "vcs.time":
				b.date = s.Value
			case "vcs.modified":
				modified = s.Value == "true"
			}
		}
		if modified {
			b.commit += " and changes"
		}
	}
	if b.version == "" {
		b.version = "devel"
	}
	return b
}

func (b build) String() string {
	words := []string{"sentsim " + b.version}
	for _, part := range []struct{ name, value string }{{"commit ", b.commit}, {"", b.date}, {"", b.goVersion}} {
		if part.value != "" {
			words = append(words, part.name+part.value)
		}
	}
	return strings.Join(words, ", ")
}

func (a *app) printVersion() error { return a.print("%s\n", fmt.Sprint(thisBuild())) }

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version, and what it was built from",
		Args:  noArgs,
		RunE:  func(*cobra.Command, []string) error { return a.printVersion() },
	}
}
