"""What a study found, in words, in tables, and as a report."""
