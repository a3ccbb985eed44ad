//go:build race

package diagnosis

// slowdown is how many times slower this program is than usual: the race detector
// takes several times as long for each of the hundreds of signatures that are tried.
const slowdown = 4
