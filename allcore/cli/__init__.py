"""The command line: nearly every capability of the app, without the app."""
