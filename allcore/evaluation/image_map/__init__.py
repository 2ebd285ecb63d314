"""A map of images: two dimensions of a network's features, and what these features tell apart."""
