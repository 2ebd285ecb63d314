"""The command line: every capability of the app, without the app."""
