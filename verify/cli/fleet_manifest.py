"""``verify fleet manifest``: prints what Kubernetes needs to ask every node once."""

import argparse
import json
import re
from pathlib import Path

from verify.cli.options import count, given
from verify.errors import Exit, UsageError
from verify.fleet.kubernetes import Wanted, job
from verify.probe.check import LEVELS
from verify.spec.environment import load_environment

SUMMARY = "print the manifest of an indexed Kubernetes Job (JSON, which kubectl reads as YAML)"
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*@sha256:[0-9a-f]{64}")
_CLAIM = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    parser.add_argument("--kubernetes", action="store_true", required=True, help="what the manifest is for")
    parser.add_argument("--image", required=True, type=given, metavar="NAME@DIGEST", help="never by a tag")
    parser.add_argument("--nodes", required=True, type=count, metavar="N", help="how many, each asked once")
    parser.add_argument("--gpus", type=int, default=0, metavar="N", help="of each node (default: none)")
    parser.add_argument("--environment", required=True, type=given, metavar="NAME", help="the machine class")
    parser.add_argument("--level", choices=LEVELS, default="certify", help="how much to ask (default: certify)")
    parser.add_argument("--time", type=count, default=120, metavar="MIN", help="for all of it (default: 120)")
    parser.add_argument("--claim", default="verify-reports", metavar="NAME", help="the volume claim for reports")


def act(arguments: argparse.Namespace, root: Path) -> int:
    """Print it."""
    if not _IMAGE.fullmatch(arguments.image):
        hint = "name the image by its digest, as the push told it: registry/name@sha256:…"
        raise UsageError(f"{arguments.image[:200]!a} is no image with a digest: a tag names another one tomorrow", hint)
    if not _CLAIM.fullmatch(arguments.claim):
        raise UsageError(f"{arguments.claim[:80]!a} is no name of a volume claim", "small letters, digits, - and .")
    if arguments.gpus < 0:
        raise UsageError(f"{arguments.gpus} GPUs are none", "leave --gpus out for nodes without")
    wanted = Wanted(
        image=arguments.image,
        nodes=arguments.nodes,
        gpus=arguments.gpus,
        environment=load_environment(root, arguments.environment).name,
        level=arguments.level,
        minutes=arguments.time,
        claim=arguments.claim,
    )
    print(json.dumps(job(wanted), indent=2))
    return Exit.HOLDS
