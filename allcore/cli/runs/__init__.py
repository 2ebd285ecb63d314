"""`runs`: the commands of runs."""
