"""The parts of the page Trust."""
