"""The way in: run by the interpreter under test, as a file, with nothing of ours on its path.

The supervisor's libraries must never be importable here (they would answer for the environment's own), so
the package is entered by its location and ``sys.path`` stays exactly what the environment made it. Processes
that a check spawns re-import this file by its path, and so find the package in the same way.
"""

import importlib.util
import sys
from pathlib import Path


def enter() -> None:
    """Make the package ``verify`` importable, and nothing else beside it."""
    if "verify" in sys.modules:
        return
    package = Path(__file__).resolve().parents[1]
    spec = importlib.util.spec_from_file_location(
        "verify", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        sys.exit(f"{package} is not a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules["verify"] = module
    spec.loader.exec_module(module)


enter()

if __name__ == "__main__":
    from verify.probe.worker import main

    main(sys.argv[1:])
