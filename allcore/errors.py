"""The errors that a user can act on.

Every message says what was wrong, what was expected, and what to do. The command line prints it as one line and
exits with 2; the app shows it in place. Anything else that is raised is a fault of the software.
"""


class InputError(Exception):
    """Something that the user gave (a file, a folder, a setting) cannot be used as it is."""


class FileError(InputError):
    """A file cannot be read; the message is the reason, without the file's name and without anything it holds."""


class MissingFileError(FileError):
    """There is no such file."""


class ImageError(InputError):
    """One image file cannot be used; the message is the reason, without the file's name."""


class DatasetError(InputError):
    """A folder or archive is not a dataset that can be trained on or scored."""


class ConfigError(InputError):
    """A configuration value is out of range; the message names the field, the value and what is expected."""


class DevicesUnknownError(ConfigError):
    """What devices this machine has cannot be told at this moment; it may be at the next."""


class WeightsError(InputError):
    """Initial weights cannot be had, or belong to another architecture."""


class ModelFileError(InputError):
    """A file is not a model that ALLscope serves."""


class RunError(InputError):
    """A run folder is missing, damaged, or in a state that does not allow what was asked."""


class SchedulerError(RunError):
    """No job is taken now: a scheduler, or what tells of this machine's devices, does not answer, or it refuses.

    The same job may be taken later.
    """


class TrackingError(InputError):
    """A tracking server does not answer, or refuses; `code` is its own word for why, '' where it said none."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
