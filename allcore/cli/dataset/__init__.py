"""`dataset`: the commands of datasets."""
