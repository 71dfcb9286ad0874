"""Fuzz one target in this process: a name of `TARGETS`, then the words of libFuzzer."""

import sys


def main() -> None:
    """Run until libFuzzer has had enough; it ends the process."""
    import atheris

    with atheris.instrument_imports(include=["verify", "markdown_it", "tomllib", "json"], enable_loader_override=False):
        from tests.fuzz.targets import TARGETS, tried
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, lambda data: tried(TARGETS[name], data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
