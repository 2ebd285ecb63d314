"""What classes mean, and what people judged of labels."""
