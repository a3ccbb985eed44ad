package history

import "github.com/google/uuid"

// list is rows by id, in the order in which they were added. Its zero value is empty.
type list[T any] struct {
	byID  map[uuid.UUID]*entry[T]
	order []*entry[T] // with gaps where rows were dropped
	gaps  int
	start int // rows before it are gaps
}

type entry[T any] struct {
	value   T
	dropped bool
}

func (l *list[T]) len() int { return len(l.byID) }

// put adds a row, or replaces the one with that id.
func (l *list[T]) put(id uuid.UUID, value T) {
	if old, ok := l.byID[id]; ok {
		old.value = value
		return
	}
	if l.byID == nil {
		l.byID = map[uuid.UUID]*entry[T]{}
	}
	e := &entry[T]{value: value}
	l.byID[id] = e
	l.order = append(l.order, e)
}

func (l *list[T]) get(id uuid.UUID) (*T, bool) {
	if e, ok := l.byID[id]; ok {
		return &e.value, true
	}
	return nil, false
}

func (l *list[T]) change(id uuid.UUID, f func(*T)) {
	if v, ok := l.get(id); ok {
		f(v)
	}
}

// drop removes a row and reports whether it was there.
func (l *list[T]) drop(id uuid.UUID) bool {
	e, ok := l.byID[id]
	if !ok {
		return false
	}
	delete(l.byID, id)
	e.dropped = true
	l.gaps++
	for l.start < len(l.order) && l.order[l.start].dropped {
		l.order[l.start] = nil
		l.start++
		l.gaps--
	}
	if l.gaps+l.start > len(l.byID)+64 {
		l.close()
	}
	return true
}

// close closes the gaps.
func (l *list[T]) close() {
	kept := make([]*entry[T], 0, len(l.byID))
	for _, e := range l.order[l.start:] {
		if !e.dropped {
			kept = append(kept, e)
		}
	}
	l.order, l.gaps, l.start = kept, 0, 0
}

// first is the oldest row of a list that is not empty.
func (l *list[T]) first() *T { return &l.order[l.start].value }

// rows are all rows in order; they belong to the list.
func (l *list[T]) rows() []*T {
	rows := make([]*T, 0, len(l.byID))
	for _, e := range l.order[l.start:] {
		if !e.dropped {
			rows = append(rows, &e.value)
		}
	}
	return rows
}

// all are copies of all rows in order.
func (l *list[T]) all() []T {
	rows := l.rows()
	all := make([]T, len(rows))
	for i, r := range rows {
		all[i] = *r
	}
	return all
}
