"""
Everything morphoscope raises on purpose. Each message is one sentence a user can act on:
what was given, what is allowed, what to do next.

::

    MorphoscopeError
    ├── InputError            something the user gave is wrong; nothing is left behind
    │   ├── UnreadableFile    the file is empty, cut short, broken, too large or not what its name says
    │   │   └── UnknownFormat no reader knows this kind of file
    │   ├── MissingPixelSize  a length in nm was asked of an image without a scale
    │   ├── BadParameter      a parameter is unknown, missing, of the wrong type or out of range
    │   ├── NotFound          no such task, run, file or model
    │   └── NoSolution        the equations asked for have no solution there
    ├── MissingDependency     an optional package is not installed; names the extra that brings it
    ├── WorkspaceError        the disk is full, the folder is read-only, a lock cannot be had
    ├── TaskFailed            a defect of ours; the run folder is kept with the traceback in it
    └── Cancelled             the user stopped the run
"""

from __future__ import annotations

from pathlib import PurePath


class MorphoscopeError(Exception):
    """Root of the tree; the doors print its message and exit with code 1."""


class InputError(MorphoscopeError):
    """Something the user gave is wrong."""


class UnreadableFile(InputError):
    """A file cannot be decoded: ``UnreadableFile(path, reason)`` reads "NAME: reason"."""

    def __init__(self, path: object, reason: str) -> None:
        self.path, self.reason = str(path), reason
        name = PurePath(self.path).name or self.path
        super().__init__(f"{''.join(c if c.isprintable() else '?' for c in name)}: {reason}")

    def __reduce__(self) -> tuple[type[UnreadableFile], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class UnknownFormat(UnreadableFile):
    """No reader knows this kind of file."""


class MissingPixelSize(InputError):
    """A physical length was asked of an image that has no pixel size."""


class BadParameter(InputError):
    """A parameter is unknown, missing, of the wrong type or out of range."""


class NotFound(InputError):
    """No task, run, file or model of that name."""


class NoSolution(InputError):
    """The equations have no solution at the parameters given."""


class MissingDependency(MorphoscopeError):
    """An optional package is absent: ``MissingDependency("av", "video", "read MP4 files")``."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package, self.extra, self.purpose = package, extra, purpose
        super().__init__(f"to {purpose}, install the package {package!r}: pip install 'morphoscope[{extra}]'")

    def __reduce__(self) -> tuple[type[MissingDependency], tuple[str, str, str]]:
        return type(self), (self.package, self.extra, self.purpose)


class WorkspaceError(MorphoscopeError):
    """The workspace cannot be written or locked."""


class TaskFailed(MorphoscopeError):
    """A defect of ours inside a task; the run folder is kept with the traceback in ``error.txt``."""


class Cancelled(MorphoscopeError):
    """The user stopped the run; it resumes from its last checkpoint when asked again."""
