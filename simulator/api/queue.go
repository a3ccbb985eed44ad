package api

import (
	"slices"
	"sync"
)

// maxWaiting is how many entries wait in a queue at most.
const maxWaiting = 1000

// queue is what a test has asked for beforehand, in the order in which it was
// added: faults of the next attempts, outcomes of the next reviews.
type queue[T any] struct {
	mu  sync.Mutex
	all []*waiting[T]
}

// waiting is an entry that is taken a number of times; 0: until it is cleared.
type waiting[T any] struct {
	value   T
	times   int
	forever bool
}

// add reports false when too many wait already.
func (q *queue[T]) add(value T, times int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.all) >= maxWaiting {
		return false
	}
	q.all = append(q.all, &waiting[T]{value, times, times == 0})
	return true
}

// take is the first entry that fits.
func (q *queue[T]) take(fits func(T) bool) (value T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.IndexFunc(q.all, func(w *waiting[T]) bool { return fits(w.value) })
	if i < 0 {
		return value, false
	}
	w := q.all[i]
	if w.times--; w.times == 0 && !w.forever {
		q.all = slices.Delete(q.all, i, i+1)
	}
	return w.value, true
}

// entries shows every entry with how many times it is still for.
func entries[T, V any](q *queue[T], view func(value T, times int) V) []V {
	q.mu.Lock()
	defer q.mu.Unlock()
	return views(q.all, func(w *waiting[T]) V {
		if w.forever {
			return view(w.value, 0)
		}
		return view(w.value, w.times)
	})
}

func (q *queue[T]) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all = nil
}
