"""Studies: named grids of runs over folds, seeds and any field, carried out as many at a time as there are devices."""
