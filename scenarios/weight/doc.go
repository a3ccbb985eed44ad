// Package weight holds no code but tests: of what comes with an import of the
// harness or of the simulator, and of what does not come before it is imported by
// name. So this package imports no container engine, no SQLite and no metrics.
package weight
