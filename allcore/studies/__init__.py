"""Studies: named grids of runs over folds, seeds and any field, carried out one run after another."""
