"""Whether two models differ."""
