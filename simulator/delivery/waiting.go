package delivery

import "container/heap"

// waiting is what waits for its next attempt. Order is a property of this
// structure: with strict, a delivery that waits for its retry stays in front of
// all that were made later; else whichever is due first is first.
type waiting struct {
	strict bool
	jobs   []*job
}

func (w *waiting) add(j *job) { heap.Push((*jobHeap)(w), j) }

// first is the next to go, nil when nothing waits.
func (w *waiting) first() *job {
	if len(w.jobs) == 0 {
		return nil
	}
	return w.jobs[0]
}

// drop removes the first.
func (w *waiting) drop() { heap.Pop((*jobHeap)(w)) }

// jobHeap is waiting as container/heap wants it.
type jobHeap waiting

func (h *jobHeap) Len() int { return len(h.jobs) }

func (h *jobHeap) Less(i, j int) bool {
	a, b := h.jobs[i], h.jobs[j]
	if h.strict || a.DueAt.Equal(b.DueAt) {
		return a.Number < b.Number
	}
	return a.DueAt.Before(b.DueAt)
}

func (h *jobHeap) Swap(i, j int) { h.jobs[i], h.jobs[j] = h.jobs[j], h.jobs[i] }

func (h *jobHeap) Push(x any) { h.jobs = append(h.jobs, x.(*job)) }

func (h *jobHeap) Pop() any {
	last := len(h.jobs) - 1
	j := h.jobs[last]
	h.jobs[last] = nil
	h.jobs = h.jobs[:last]
	return j
}
