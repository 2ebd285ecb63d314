"""The parts of the page Trade-off."""
