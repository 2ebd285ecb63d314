"""A dataset's folder: where its class folders lie, and which links are followed."""
