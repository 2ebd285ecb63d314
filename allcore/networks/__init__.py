"""The networks that can be trained, as data: one small file a trunk, and nothing that needs TensorFlow."""
