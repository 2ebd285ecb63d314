"""How a dataset comes into the workspace, and what is noted of that."""
