"""What runs cost beside what they are worth."""
