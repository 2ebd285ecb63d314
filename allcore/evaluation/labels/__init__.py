"""Which labels of a dataset are suspicious."""
