"""One file a page, thin: widgets in, a core call, a figure out."""
