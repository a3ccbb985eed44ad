package simulator

import "github.com/sentsim/sentsim/simulator/history"

// watched is a store that tells somebody what it has saved.
type watched struct {
	history.Store
	watch func(history.Change)
}

// Save implements history.Store.
func (w watched) Save(c history.Change) error {
	if err := w.Store.Save(c); err != nil {
		return err
	}
	w.watch(c)
	return nil
}
