"""The one door for images: every file becomes 8-bit RGB the same way, or is refused."""
