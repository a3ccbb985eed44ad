package config

import (
	"slices"
	"strings"
)

// chooseTarget finds the layer that decides what the target is: the highest that
// names one. Two in one layer contradict each other; one in a higher layer
// replaces the one below.
func (l *loader) chooseTarget() {
	for at := range layers {
		var named []given
		for _, g := range l.layers[at] {
			if g.setting.target {
				named = append(named, g)
			}
		}
		switch len(named) {
		case 0:
			continue
		case 1:
			l.kind, l.kindAt = &named[0], at
		default:
			var both []string
			for _, g := range named {
				both = append(both, string(g.from)+" ("+strings.TrimPrefix(g.setting.key, "target.")+")")
			}
			l.problem("", "%d targets are given, and a run has one: %s", len(named), strings.Join(both, " and "))
		}
	}
	if l.kind != nil || len(l.problems) > 0 {
		return
	}
	if inCI(l.env["CI"]) {
		l.problem("", "no target is given: name one with --target URL, --exec 'CMD', --image REF or --dockerfile DIR, with %s, %s, %s or %s, or under target in the config file; "+
			"or say --embedded to run against the reference receiver (that is the default only where CI is not set)", envTarget, envExec, envImage, envDockerfile)
		return
	}
	l.cfg.Embedded = true
}

func inCI(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "false", "0":
		return false
	}
	return true
}

// ignored tells whether a value is about another target than the one that was
// chosen. A file serves several: a flag that names another target must not make
// the rest of it wrong.
func (l *loader) ignored(g given, at layer) bool {
	if g.setting.target {
		return l.kind == nil || g.from != l.kind.from || g.setting.key != l.kind.setting.key
	}
	if at == layerFlags || !strings.HasPrefix(g.setting.key, "target.") {
		return false
	}
	exec, url := l.isKind("target.exec"), l.isKind("target.url")
	container := l.isKind("target.image") || l.isKind("target.dockerfile")
	own := l.fileKind() // the target that the file itself names
	other := l.kind == nil || own != l.kind.setting.key
	switch {
	case g.setting.key == "target.env":
		return !exec && !container
	case g.setting.key == "target.port":
		return url || container && own == "target.exec" // that of a process says nothing of a container's
	case g.setting.key == "target.dir":
		return !exec
	case g.setting.key == "target.ready.log":
		return !exec && !container && other || l.saysReady(layerFlags)
	case strings.HasPrefix(g.setting.key, "target.ready."):
		return other && own != "" || l.saysReady(layerFlags)
	case strings.HasPrefix(g.setting.key, "target.arrange."):
		return !exec && !url && !container // the reference receiver takes every message
	case strings.HasPrefix(g.setting.key, "target.rotate."), strings.HasPrefix(g.setting.key, "target.restart."):
		return !url && other
	}
	return g.setting.started && url
}

// saysReady tells whether a layer says when the target is ready: there is one
// way to be, so what a lower one says does not count.
func (l *loader) saysReady(at layer) bool {
	return slices.ContainsFunc(l.layers[at], func(g given) bool {
		return strings.HasPrefix(g.setting.key, "target.ready.")
	})
}

// fileKind is the key of the target that the file names, or "".
func (l *loader) fileKind() string {
	for _, g := range l.layers[layerFile] {
		if g.setting.target {
			return g.setting.key
		}
	}
	return ""
}

func (l *loader) isKind(key string) bool { return l.kind != nil && l.kind.setting.key == key }
