"""What a run's folder holds, file by file, and whether its worker lives."""
