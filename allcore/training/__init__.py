"""What happens in the worker process."""
