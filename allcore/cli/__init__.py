"""The command line: every capability of the app, without the app."""

import os

os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # to look for some takes a tenth of a command's start
