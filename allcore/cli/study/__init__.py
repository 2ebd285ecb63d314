"""`study`: the commands of studies."""
