"""``verify serve`` whose jobs are done by `job.py`; run by the tests as a process, with the project and options."""

import argparse
import sys
from pathlib import Path

from verify.cli import serve

JOB = Path(__file__).parent / "job.py"


def main(root: str, *options: str) -> int:
    """Serve until ended."""
    parser = argparse.ArgumentParser()
    serve.declare(parser)
    return serve.served(parser.parse_args(["--port=0", *options]), Path(root), [sys.executable, str(JOB)])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
