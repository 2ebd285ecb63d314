"""Images on disk, and everything that is done to them before they are augmented."""
