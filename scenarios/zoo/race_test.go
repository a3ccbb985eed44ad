//go:build race

package zoo_test

const raced = true
