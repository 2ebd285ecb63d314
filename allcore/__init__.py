"""ALLscope's core: smears in, a trained and explained classifier out, and what its scores are worth."""

__version__ = "0.1.0"
