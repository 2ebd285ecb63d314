"""What is claimed: work, contenders and goals, a file a kind of work."""
