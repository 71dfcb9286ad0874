"""What can go wrong in doing the job, as opposed to what is wrong with the machine.

An exception here means *we could not do the job*. That a check failed is never an
exception: it is a result, and belongs in a report.
"""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every verb."""

    HOLDS = 0
    REFUSED = 1
    USAGE = 2
    COULD_NOT_RUN = 3
    INTEGRITY = 4
    INPUT_OUTPUT = 5
    INTERRUPTED = 130


class VerifyError(Exception):
    """The job could not be done.

    Args:
        message: One line: what happened, and where.
        hint: One line: what to do about it.
    """

    exit = Exit.COULD_NOT_RUN

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type["VerifyError"], tuple[str, str]]:
        """How it comes from one process to another."""
        return type(self), (self.message, self.hint)


class UsageError(VerifyError):
    """The question, or a file that configures it, cannot be understood."""

    exit = Exit.USAGE


class IntegrityError(VerifyError):
    """A lock or a report is not what it says it is."""

    exit = Exit.INTEGRITY


class StorageError(VerifyError):
    """A disk refused to keep or to give back what was asked of it."""

    exit = Exit.INPUT_OUTPUT
