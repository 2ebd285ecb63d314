"""A dataset's folder: where it may lie, where its class folders are, and which links are followed."""
