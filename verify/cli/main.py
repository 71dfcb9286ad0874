"""The ``verify`` command: finds the verb, runs it, and turns every ending into an exit code."""

import argparse
import contextlib
import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from verify import __version__
from verify.cli.options import place
from verify.cli.parser import Parser
from verify.errors import Exit, VerifyError
from verify.language.choice import OPTION, chosen
from verify.language.speech import LANGUAGES, reworded, say, speaking

# Only the chosen verb's module is imported: `--help` answers in the time that Python takes to start.
VERBS = {
    "setup": "build the pinned environment of a machine class from its lock",
    "run": "run the suite in the environment and write a report",
    "lora": "fine-tune a model on data of your own, and report how it went",
    "checks": "list the checks",
    "devices": "tell which devices are built in, available and computing",
    "upgrade": "tell whether packages may be upgraded: two locks side by side, with evidence",
    "fit": "tell which training fits in memory, and with which batch",
    "audit": "tell whether reports can be believed: our history, and what people wrote",
    "history": "list, show, compare and query the reports of the history",
    "attest": "sign what a report says, or look at what was signed",
    "key": "make, list, retire or revoke the keys that attestations are signed with",
    "status": "tell whether the last certificate still holds",
    "fleet": "certify every node of a cluster through Slurm, and tell of all of them on one page",
    "prolog": "tell in seconds whether this node may take jobs: for Slurm's Prolog and HealthCheckProgram",
    "report": "show, validate or convert a report",
    "serve": "show the history in a browser, start jobs there and watch them: on loopback, with a token",
    "monitor": "show how busy, full, warm and fast processor, memory and devices are",
    "image": "build a container image of an environment, and certify inside it",
    "sbom": "tell what a lock is made of, as CycloneDX",
    "lock": "resolve the locks of the platforms",
    "schemas": "write the JSON Schemas from the models",
}
# What a shell reports for a program that wrote to a closed pipe.
CLOSED_PIPE = 128 + signal.SIGPIPE
LONGEST_LINE = 2000


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    _never_fail_to_write()
    try:
        return _run(sys.argv[1:] if words is None else list(words))
    finally:
        _leave()


def _run(words: Sequence[str]) -> int:
    try:
        language, rest = chosen(words, os.environ)
    except VerifyError as error:
        _say(error.message, error.hint)
        return error.exit
    with speaking(language):
        return _spoken(rest)


def _spoken(words: Sequence[str]) -> int:
    try:
        for ending in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, _as_interrupt)
        arguments = _parser(words).parse_args(words)
        code = int(arguments.run(arguments))
        sys.stdout.flush()
    except VerifyError as error:
        _say(error.message, error.hint)
        return error.exit
    except KeyboardInterrupt:
        _say(say("interrupted"), "nothing was left running; start again when you like")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return CLOSED_PIPE
    except MemoryError:
        # What was being made is given up with the error; to say so takes little.
        _say(say("no memory is left"), "end what else runs, or allow more; what was kept is as it was")
        return Exit.COULD_NOT_RUN
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _say(f"{where}{error.strerror or error}", "make room or mend permissions, then run again")
        return Exit.INPUT_OUTPUT
    return code


def _say(what: str, hint: str) -> None:
    # Where not even this can be written, the exit code still tells.
    with contextlib.suppress(OSError):
        print(say("error: {}", _line(what)), say("hint: {}", _line(hint)), sep="\n", file=sys.stderr)


def _line(text: str) -> str:
    """One line that nothing in it can move or hide: names and texts of any file may stand in an error."""
    text = reworded(text)
    if text.isprintable() and len(text) <= LONGEST_LINE:
        return text
    from verify.render.words import visible

    return visible(text, LONGEST_LINE)


def _leave() -> None:
    """Drop what a stream could not take: Python would try again at its exit, and end in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _never_fail_to_write() -> None:
    """Without a traceback: a terminal that knows no UTF-8 gets question marks, a stream that is closed swallows."""
    sys.stdout = sys.stdout or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process
    sys.stderr = sys.stderr or Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = Parser(prog="verify", description="Certify that a machine can train language models.")
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument(
        "--root", metavar="DIR", type=place, help="the project's folder (default: found from here upwards)"
    )
    parser.add_argument(
        OPTION, choices=LANGUAGES, help="the language to speak, before or after the verb (default: as $LANG has it)"
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name, summary in VERBS.items():
        verb = verbs.add_parser(name, help=summary, description=_sentence(summary))
        if name in words:
            module = importlib.import_module(f"verify.cli.{name}")
            module.declare(verb)
            verb.set_defaults(run=module.run)
    return parser


def _sentence(summary: str) -> str:
    said = reworded(summary)
    return f"{said[0].upper()}{said[1:]}." if said == summary else f"{said}。"


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
