"""The parts of the page Augmentation."""
