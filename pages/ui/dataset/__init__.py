"""The parts of the page Dataset."""
