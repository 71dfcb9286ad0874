"""``verify status``: does the last certificate still hold?"""

import argparse
import json

from verify.cli.bench import declare_environment
from verify.cli.certificate import certificate_here
from verify.cli.surroundings import project_root
from verify.errors import Exit
from verify.judge.status import lapses
from verify.language.speech import say
from verify.render import words
from verify.render.kept import word


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    declare_environment(parser)
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Hold the last report of this machine against the machine as it is; 1 when it lapsed."""
    last, present = certificate_here(project_root(arguments), arguments.environment, all_proven=True)
    reasons = lapses(last, present)
    if arguments.json:
        told = {"report": last.id, "finished": last.finished, "holds": not reasons, "reasons": reasons}
        print(json.dumps(told, indent=2))
    else:
        verdict = word(last.verdict.value) if last.verdict else say("not judged")
        print(say("report {} of {}: {}", last.id, last.finished, verdict))
        print("\n".join(say("does not hold: {}", words.told(reason)) for reason in reasons) or say("it still holds"))
    return Exit.REFUSED if reasons else Exit.HOLDS
