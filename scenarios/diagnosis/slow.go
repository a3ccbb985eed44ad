//go:build !race

package diagnosis

// slowdown is how many times slower this program is than usual.
const slowdown = 1
