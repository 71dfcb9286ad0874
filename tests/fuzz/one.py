"""Fuzz one target in this process: a name of `TARGETS`, then the words of libFuzzer."""

import sys


def main() -> None:
    """Run until libFuzzer has had enough; it ends the process."""
    import atheris

    # What others wrote for Markdown is no news, and twice as slow when it is watched.
    with atheris.instrument_imports(include=["verify", "tomllib", "json"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, tried
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, lambda data: tried(TARGETS[name], data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
