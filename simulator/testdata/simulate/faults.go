package main

import (
	"context"
	"io"
)

func proveFaults(context.Context, uint64, io.Writer, io.Writer) int { return 2 }
