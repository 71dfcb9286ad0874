"""``verify image``: builds an image of an environment, and certifies inside it."""

import argparse
import json
import os
import sys
from pathlib import Path

from verify.cli.options import given, place
from verify.cli.run import exit_of
from verify.cli.surroundings import project_root
from verify.errors import Exit, IntegrityError, UsageError
from verify.image.engine import ORDER, Engine, find_engine, find_image
from verify.image.recipe import recipe_of, tag_of
from verify.language.speech import say
from verify.probe.check import LEVELS

OUT = Path("build") / "images"


def declare(parser: argparse.ArgumentParser) -> None:
    """The verb's own verbs."""
    verbs = parser.add_subparsers(dest="action", required=True, metavar="base|build|verify|arguments|seal")
    base = verbs.add_parser("base", help="make a Debian to stand on, by mmdebstrap")
    base.add_argument("--suite", metavar="NAME", type=given, help="which Debian (default: bookworm)")
    base.set_defaults(act=_base)
    build = verbs.add_parser("build", help="build an image from the platform's lock")
    build.add_argument("--json", action="store_true", help="print the image's digest and labels as JSON")
    build.set_defaults(act=_build)
    check = verbs.add_parser("verify", help="certify inside the image, without a network")
    check.add_argument("--level", choices=LEVELS, default="full", help="how much to ask (default: full)")
    check.add_argument("--strict", action="store_true", help="exit 3 when the verdict is conditional")
    check.add_argument("--out", metavar="DIR", type=place, help=f"where the reports are copied (default: {OUT}/NAME)")
    check.set_defaults(act=_verify)
    told = verbs.add_parser("arguments", help="print the build arguments as NAME=value, for docker bake and compose")
    told.set_defaults(act=_arguments)
    seal = verbs.add_parser("seal", help="write image.json; the Dockerfile calls it")
    for name in ("lock", "source", "base"):
        seal.add_argument(f"--{name}", metavar="DIGEST", default="", help=f"what the label says of the {name}")
    seal.set_defaults(act=_seal)
    for verb in (build, check, told, seal):
        verb.add_argument("environment", nargs="?", default="cpu", type=given, help="the machine class (default: cpu)")
    build.add_argument(
        "--base", metavar="IMAGE", type=given, help="NAME@sha256:… (default: a Debian that is made here, once)"
    )
    told.add_argument("--base", metavar="IMAGE", type=given, required=True, help="NAME@sha256:…")
    for verb in (base, build, check):
        verb.add_argument("--engine", choices=ORDER, help="default: the first of these that answers")
        verb.add_argument(
            "--with",
            dest="words",
            metavar="WORD",
            type=given,
            action="append",
            default=[],
            help="a further word for the command that is called, as --with=--network=host; repeatable",
        )


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    return int(arguments.act(arguments, project_root(arguments)))


def _base(arguments: argparse.Namespace, _root: Path) -> int:
    from verify.image.debian import SUITE, base_tag, make_base

    suite = arguments.suite or SUITE
    image = make_base(find_engine(os.environ, arguments.engine), suite, os.environ, arguments.words)
    print(f"{base_tag(suite)} {image.digest}")
    return Exit.HOLDS


def _build(arguments: argparse.Namespace, root: Path) -> int:
    from verify.image.build import build

    engine = find_engine(os.environ, arguments.engine)
    recipe = recipe_of(root, arguments.environment, _standing(arguments, engine), os.environ, engine)
    image = build(root, engine, recipe, arguments.words)
    if arguments.json:
        print(json.dumps({"name": recipe.tag, "digest": image.digest, "labels": dict(image.labels)}, indent=2))
    else:
        print(f"{recipe.tag} {image.digest}")
    return Exit.HOLDS


def _standing(arguments: argparse.Namespace, engine: Engine) -> str:
    """The base that was named, or the Debian that is made here where it is not there yet."""
    from verify.image.debian import SUITE, base_tag, make_base

    if arguments.base:
        return str(arguments.base)
    if find_image(engine, base_tag(SUITE)) is None:
        print(say("no --base is named: making a Debian {} to stand on, this once", SUITE), file=sys.stderr)
        make_base(engine, SUITE, os.environ)
    return base_tag(SUITE)


def _verify(arguments: argparse.Namespace, root: Path) -> int:
    from verify.image.certify import certify
    from verify.render import text
    from verify.spec.environment import load_environment

    name = arguments.environment
    environment, engine = load_environment(root, name), find_engine(os.environ, arguments.engine, running=True)
    image = find_image(engine, tag_of(name))
    if image is None:
        raise UsageError(f"{engine.name} has no image {tag_of(name)}", f"build it: verify image build {name}")
    _refuse_outdated(root, name, image.labels.get("llm-verify.lock.digest"))
    out = (arguments.out or root / OUT / name).absolute()
    gpus = "cuda" in environment.devices
    found = certify(
        engine, image, f"llm-verify-{name}-{os.getpid()}", arguments.level, out, gpus=gpus, more=arguments.words
    )
    print(text.brief(found.report, colour=sys.stdout.isatty()))
    print(say("inside {} {}\n{}", tag_of(name), image.digest, found.path))
    return exit_of(found.report, strict=arguments.strict)


def _refuse_outdated(root: Path, name: str, label: str | None) -> None:
    from verify.spec.environment import load_environment
    from verify.spec.lock import read_lock

    locked = read_lock(root, load_environment(root, name).platform)
    if label != f"sha256:{locked.digest}":
        raise IntegrityError(
            f"{tag_of(name)} was built from another lock than lockfiles/{locked.platform}.txt",
            f"build it again: verify image build {name}",
        )


def _arguments(arguments: argparse.Namespace, root: Path) -> int:
    recipe = recipe_of(root, arguments.environment, arguments.base, os.environ, None)
    print("\n".join(f"{name}={value}" for name, value in recipe.arguments().items()))
    return Exit.HOLDS


def _seal(arguments: argparse.Namespace, root: Path) -> int:
    from verify.image.seal import FILE, seal

    seal(root, arguments.environment, lock=arguments.lock, source=arguments.source, base=arguments.base)
    print(say("{} written", FILE), file=sys.stderr)
    return Exit.HOLDS
