"""What several pages share: choosing a dataset or run, showing figures, tables and images, catching errors."""
