"""What a trained model relies on, by showing it changed or foreign images."""
