"""The front door: `nox -l` lists it. What a session does is done by the CLI, `verify`."""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import nox

ROOT = Path(__file__).resolve().parent
TOOLS = ROOT / ".tools" / "bin"
TESTS = ROOT / ".nox" / "tests"
LOCK = ROOT / "lockfiles" / "tests.txt"
FUZZ = ROOT / ".nox" / "fuzz"
LOCK_OF_FUZZ = ROOT / "lockfiles" / "fuzz.txt"
MUTANTS = ROOT / ".nox" / "mutants"
LOCK_OF_MUTANTS = ROOT / "lockfiles" / "mutants.txt"
ENVIRONMENTS = sorted(path.stem for path in (ROOT / "envs").glob("*.toml"))
PLATFORMS = sorted(path.stem for path in (ROOT / "envs" / "platforms").glob("*.toml"))
# Images run Linux: those that the Dockerfile has a target for.
IMAGES = ["cpu", "cuda"]
LOCKS = [*PLATFORMS, "fuzz", "mutants", "tests", "tools"]
SETUP_WORDS = {"--recreate", "--despite", *ENVIRONMENTS}
LOCK_WORDS = {"--upgrade", "--check", *LOCKS}
# Options that take no value.
FLAGS = {"--recreate", "--upgrade", "--check", "--strict", "--json", "--verbose", "-v"}

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "none"
nox.options.error_on_missing_interpreters = True
# A bare `nox` should cost nothing: it lists what there is.
nox.options.sessions = []
# What follows a failed set-up would speak of the environment that was there before.
nox.options.stop_on_first_error = True


def cli(session: nox.Session, *words: str, stdout: IO[str] | None = None) -> None:
    """Run the CLI of this project, and make it first where nox was not started by noxw."""
    if "NOXW" not in os.environ:
        session.run("sh", str(ROOT / "noxw"), "--version", silent=True, external=True)
    session.run(str(TOOLS / "verify"), *words, external=True, stdout=stdout)


def own(session: nox.Session, known: set[str]) -> list[str]:
    """Pick the words that are for a session out of those that all sessions of a run are given."""
    mine = [word for word, ours in marked(session, known) if ours]
    others = [word for word, ours in marked(session, known) if not ours]
    if others:
        session.log(f"left to other sessions: {' '.join(others)}")
    return mine


def marked(session: nox.Session, known: set[str]) -> list[tuple[str, bool]]:
    """Say of each word whether it is a known one that stands for itself, not the value of an option before it.

    An option that takes a value is one word, --despite=ID, so that no other session takes the value for its own.
    """
    before = ["", *session.posargs]
    words = zip(before, session.posargs, strict=False)
    return [(word, word.partition("=")[0] in known and not is_value(word, last)) for last, word in words]


def is_value(word: str, last: str) -> bool:
    """Say whether a word is the value of the option before it, as `cuda` is in `--device cuda`."""
    return last.startswith("-") and last not in FLAGS and "=" not in last and not word.startswith("-")


@nox.session
def setup(session: nox.Session) -> None:
    """Install the environment that fits this machine (-- NAME, --recreate to start afresh, --despite=ID)."""
    cli(session, "setup", *own(session, SETUP_WORDS))


def add_setup(name: str) -> None:
    """Offer the set-up of one environment."""

    def run(session: nox.Session) -> None:
        cli(session, "setup", name, *own(session, {"--recreate", "--despite"}))

    offer(run, f"setup-{name}", f"Install the environment {name} from its lock.", tags=["environment"])


@nox.session
def verify(session: nox.Session) -> None:
    """Certify this machine: the suite, then a report (-- --level quick|full|certify, -- --environment NAME)."""
    cli(session, "run", *(word for word, for_setup in marked(session, SETUP_WORDS) if not for_setup))


@nox.session
def upgrade(session: nox.Session) -> None:
    """Tell whether packages may be upgraded, with evidence (-- PACKAGE…, --candidate FILE, --bisect, --accept)."""
    cli(session, "upgrade", *session.posargs)


def add_image(name: str) -> None:
    """Offer the building of one image."""

    def run(session: nox.Session) -> None:
        cli(session, "image", "build", name, *session.posargs)

    offer(run, f"image-{name}", f"Build the container image {name} (-- --base NAME@sha256:…, --engine podman).")


@nox.session(name="verify-image")
def verify_image(session: nox.Session) -> None:
    """Certify inside the container image, offline (-- NAME, --level full, --engine podman)."""
    cli(session, "image", "verify", *session.posargs)


@nox.session(name="tests-image")
def tests_image(session: nox.Session) -> None:
    """Build the CPU image twice from a Debian made here, certify inside it, and be hostile to it."""
    python = test_python(session)
    words = ("-m", "pytest", "tests/image/real.py", *session.posargs)
    session.run(python, *words, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def audit(session: nox.Session) -> None:
    """Tell whether reports can be believed: our history, or what people wrote (-- FILE…, --format sarif)."""
    cli(session, "audit", *session.posargs)


@nox.session
def dashboard(session: nox.Session) -> None:
    """Write history.html: one page over the history, to be opened in a browser (-- --environment NAME)."""
    made = ROOT / "history.html"
    with made.open("w", encoding="utf-8") as page:
        cli(session, "history", "html", *session.posargs, stdout=page)
    session.log(f"open {made.as_uri()}")


@nox.session
def lock(session: nox.Session) -> None:
    """Make the locks anew where they are outdated (-- --upgrade for the newest versions, -- --check to look)."""
    cli(session, "lock", *own(session, LOCK_WORDS))


def add_lock(name: str) -> None:
    """Offer the making of one lock."""

    def run(session: nox.Session) -> None:
        cli(session, "lock", name, *own(session, LOCK_WORDS - set(LOCKS)))

    offer(run, f"lock-{name}", f"Make lockfiles/{name}.txt anew where it is outdated.")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the project's own tests (-- -m 'not environment' leaves out what needs torch)."""
    python = test_python(session)
    session.run(python, "-m", "pytest", *session.posargs, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session(name="tests-fleet")
def tests_fleet(session: nox.Session) -> None:
    """Run a Slurm of our own on loopback, with nodes that hang, crash, are slow and are down; wants root and Slurm."""
    python = test_python(session)
    words = ("-m", "pytest", "tests/fleet", "-m", "slurm", *session.posargs)
    session.run(python, *words, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Hold the source against ruff, mypy, the import rules, and the workflows against zizmor."""
    python = test_python(session)
    session.run(python, "-m", "ruff", "check", ".", external=True)
    session.run(python, "-m", "ruff", "format", "--check", ".", external=True)
    session.run(python, "-m", "mypy", external=True)
    session.run(str(Path(python).with_name("lint-imports")), env={"PYTHONPATH": str(ROOT)}, external=True)
    session.run(str(Path(python).with_name("zizmor")), "--offline", "--quiet", ".github", external=True)


@nox.session
def schemas(session: nox.Session) -> None:
    """Write the JSON Schemas of every model (-- --check to compare only)."""
    cli(session, "schemas", *own(session, {"--check"}))


@nox.session
def docs(session: nox.Session) -> None:
    """Write docs/reference/ from the code, and the site into build/docs; links that lead nowhere fail (-- --check)."""
    python, environ = test_python(session), {"PYTHONPATH": str(ROOT)}
    session.run(python, "-m", "tests.docs.reference", *own(session, {"--check"}), env=environ, external=True)
    session.run(python, "-m", "properdocs", "build", "--strict", "--quiet", env=environ, external=True)
    session.log(f"open {(ROOT / 'build' / 'docs' / 'index.html').as_uri()}")


@nox.session
def mutations(session: nox.Session) -> None:
    """Put every known fault under the checks and write docs/mutations.md: which fault, and what the check said."""
    python = test_python(session)
    session.run(python, "-m", "tests.checks.mutations", env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def faults(session: nox.Session) -> None:
    """Run all that holds the faults of docs/faults.md and write it anew with what was seen (-- 37 38 for some)."""
    python = test_python(session)
    words = ("-m", "tests.hostile.faults", *session.posargs)
    session.run(python, *words, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def chaos(session: nox.Session) -> None:
    """Run, audit and append in parallel, kill, fill, skew and spoil at random, and prove (-- --minutes 20 --seed N)."""
    python = test_python(session)
    words = ("-m", "tests.chaos", *session.posargs)
    session.run(python, *words, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Fuzz every reader of bytes, guided by what is covered (-- --minutes 10, names of targets); wants Linux."""
    python = python_of(session, FUZZ, LOCK_OF_FUZZ)
    words = ("-m", "tests.fuzz", *session.posargs)
    session.run(python, *words, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def mutants(session: nox.Session) -> None:
    """Change code at random, count what the tests notice, write docs/mutation-score.md (-- --minutes 20 --seed N)."""
    python = python_of(session, MUTANTS, LOCK_OF_MUTANTS)
    words = ("-m", "tests.mutants", *session.posargs)
    session.run(python, *words, env={"PYTHONPATH": str(ROOT)}, external=True)


@nox.session
def planted(session: nox.Session) -> None:
    """Upgrade to packages with known faults, and write docs/planted-upgrades.md: what the gate said (-- --bisect)."""
    python = test_python(session)
    session.run(
        python, "-m", "tests.gate.planted_upgrades", *session.posargs, env={"PYTHONPATH": str(ROOT)}, external=True
    )


@nox.session
def benchmarks(session: nox.Session) -> None:
    """Measure the product itself, side by side with others (-- --reachable 8, --pages, --against-itself 100)."""
    python = test_python(session)
    session.run(python, "-m", "benchmarks", *session.posargs, env={"PYTHONPATH": str(ROOT)}, external=True)


def test_python(session: nox.Session) -> str:
    """Return the Python that tests and linters run in."""
    return python_of(session, TESTS, LOCK)


def python_of(session: nox.Session, place: Path, lock: Path) -> str:
    """Return the Python of an environment of our own; made from its lock when that has changed."""
    if "NOXW" not in os.environ:
        session.run("sh", str(ROOT / "noxw"), "--version", silent=True, external=True)
    python = place / "bin" / "python"
    made_from = hashlib.sha256(lock.read_bytes() + sys.version.encode() + bytes(ROOT)).hexdigest()
    marker = place / "complete"
    if not (marker.is_file() and python.exists() and marker.read_text() == made_from):
        make_environment(session, place, lock)
        marker.write_text(made_from)
    return str(python)


def make_environment(session: nox.Session, place: Path, lock: Path) -> None:
    """Install a lock with uv; with pip, which may know indexes that uv does not, where uv cannot."""
    shutil.rmtree(place, ignore_errors=True)
    base, python = str(TOOLS / "python"), str(place / "bin" / "python")
    session.run(str(TOOLS / "uv"), "venv", "--quiet", "--no-project", "--python", base, str(place), external=True)
    flags = ("--require-hashes", "--only-binary", ":all:", "--requirement", str(lock))
    by_uv = ("pip", "install", "--quiet", "--compile-bytecode", "--python", python, *flags)
    try:
        session.run(str(TOOLS / "uv"), *by_uv, external=True)
    except nox.command.CommandFailed:
        session.log("uv could not; trying pip")
        session.run(base, "-m", "pip", "--python", python, "install", "--quiet", *flags, external=True)


def offer(run: Callable[[nox.Session], None], name: str, title: str, tags: list[str] | None = None) -> None:
    """Give nox a session whose name comes from a file; by its tags workflows find it."""
    run.__doc__ = title
    nox.session(name=name, tags=tags)(run)


for _name in ENVIRONMENTS:
    add_setup(_name)
for _name in LOCKS:
    add_lock(_name)
for _name in IMAGES:
    add_image(_name)
