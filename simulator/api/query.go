package api

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/sentsim/sentsim/simulator/history"
)

// How many rows a page has: at most, and where the request does not say.
const (
	maxPageSize     = 100
	defaultPageSize = 20
)

// mostRows is how many rows the control interface lists when it is not told.
const mostRows = 1000

// maxSearch is how long a text to search for may be, in bytes.
const maxSearch = 1000

// param is a parameter of the query; "" when it is not given.
func (c *call) param(name string) string { return c.r.URL.Query().Get(name) }

// number is a parameter between 1 and most.
func (c *call) number(name string, otherwise, most int) int {
	text := c.param(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		c.problems.add(codeRange, name, "is out of range: use 1 to %d", most)
	case err != nil:
		c.problems.add(codeInvalid, name, "must be a whole number")
	case n < 1 || n > most:
		c.problems.add(codeRange, name, "%d is out of range: use 1 to %d", n, most)
	default:
		return n
	}
	return otherwise
}

// truth is an optional parameter, nil when it is not given.
func (c *call) truth(name string) *bool {
	text := c.param(name)
	switch strings.ToLower(text) {
	case "":
		return nil
	case "true", "false":
		v := strings.EqualFold(text, "true")
		return &v
	}
	c.problems.add(codeInvalid, name, "must be true or false")
	return nil
}

// choice is an optional parameter out of a list, in exactly its spelling.
func choice[T ~string](c *call, name string, from ...T) T {
	v := T(c.param(name))
	if v != "" && !slices.Contains(from, v) {
		c.problems.add(codeEnum, name, "must be one of %s", joined(from))
	}
	return v
}

// search is an optional text.
func (c *call) search() string {
	text := c.param("search")
	if len(text) > maxSearch {
		c.problems.add(codeRange, "search", "is longer than %d bytes", maxSearch)
	}
	return text
}

// rows is which rows of the history are asked for: the last limit of those that
// contain search.
func (c *call) rows() history.Query {
	return history.Query{Search: c.search(), Newest: true, Limit: c.number("limit", mostRows, mostRows)}
}

// page is which part of a list is asked for.
type page struct{ number, size int }

func (c *call) page() page {
	return page{c.number("page", 1, math.MaxInt32), c.number("page_size", defaultPageSize, maxPageSize)}
}

// offset is how many rows come before the page.
func (p page) offset() int { return (p.number - 1) * p.size }

// of is the rows of the page.
func of[T any](p page, all []T) []T {
	from := min(p.offset(), len(all))
	return all[from:min(from+p.size, len(all))]
}

type pagination struct {
	Page       int   `json:"page"`
	PageSize   int   `json:"page_size"`
	TotalCount int   `json:"total_count"`
	TotalPages int   `json:"total_pages"`
	HasMore    bool  `json:"has_more"`
	Cursors    *bool `json:"cursors"` // Sent's documentation shows null
}

func (p page) pagination(total int) pagination {
	pages := (total + p.size - 1) / p.size
	return pagination{Page: p.number, PageSize: p.size, TotalCount: total, TotalPages: pages, HasMore: p.number < pages}
}

// listed is a page of a list as the API shows it, under its name.
func listed[T, V any](name string, p page, total int, rows []T, view func(T) V) map[string]any {
	return map[string]any{name: views(rows, view), "pagination": p.pagination(total)}
}

// views are rows as they are shown; an empty list is not null.
func views[T, V any](rows []T, view func(T) V) []V {
	all := make([]V, len(rows))
	for i, r := range rows {
		all[i] = view(r)
	}
	return all
}
