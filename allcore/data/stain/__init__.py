"""An image's colours and dyes, and which images share a stain."""
