"""Certifying inside an image, without a network, and holding its report against the image that ran."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verify.errors import IntegrityError, VerifyError
from verify.image.engine import Engine, Image
from verify.image.seal import VARIABLE
from verify.report import history, v1
from verify.report.read import parse_report, read_report
from verify.report.versions import AnyReport

REPORTS: Final = "/opt/llm-verify/reports"
STATE: Final = "/var/lib/llm-verify"
MACHINE_ID: Final = Path("/etc/machine-id")
# Nothing of the host but what follows; the checks that hand batches from process to process need some shared memory.
_CONFINED: Final = (
    *("--network", "none"),
    "--read-only",
    *("--cap-drop", "all"),
    *("--security-opt", "no-new-privileges"),
    *("--shm-size", "1g"),
    "--no-healthcheck",
)
_GPUS: Final = {"docker": ("--gpus", "all"), "podman": ("--device", "nvidia.com/gpu=all")}


@dataclass(frozen=True, slots=True)
class Certification:
    """A run inside an image.

    Attributes:
        report: What came of it, as it lies in the folder that was named.
        path: There.
    """

    report: AnyReport
    path: Path


def run_words(
    engine: Engine, image: Image, name: str, asked: Sequence[str], *, gpus: bool = False, more: Sequence[str] = ()
) -> list[str]:
    """The engine's command that runs the image, confined.

    Args:
        engine: What runs it.
        image: Which.
        name: Of the container.
        asked: The words for ``verify``.
        gpus: Whether it is given the GPUs.
        more: Further words for the engine's command.
    """
    # The machine's identity makes a certificate one of this machine, whichever container wrote it.
    identity = ["--volume", f"{MACHINE_ID}:{MACHINE_ID}:ro"] if MACHINE_ID.is_file() else []
    kept = ["--volume", f"llm-verify-reports:{REPORTS}", "--volume", f"llm-verify-state:{STATE}"]
    told = ["--env", f"{VARIABLE}={image.digest}"]
    devices = _GPUS[engine.name] if gpus else ()
    words = [engine.name, "run", "--name", name, *_CONFINED, *devices, *identity, *kept, *told, *more]
    return [*words, image.digest.removeprefix("sha256:") if engine.name == "podman" else image.digest, *asked]


def certify(
    engine: Engine, image: Image, name: str, level: str, folder: Path, *, gpus: bool = False, more: Sequence[str] = ()
) -> Certification:
    """Run the suite inside the image, and take the report out.

    Args:
        engine: What runs it.
        image: Which.
        name: Of the container, which is removed in the end; its volumes stay.
        level: How much to ask.
        folder: Where the reports of the volume are copied to.
        gpus: Whether it is given the GPUs.
        more: Further words for the engine's command.

    Raises:
        VerifyError: It wrote no report; what it said is on stderr.
        IntegrityError: The report is of another image, lock or source than the container was.
    """
    words = run_words(engine, image, name, ["run", "--level", level, "--json"], gpus=gpus, more=more)
    with _removed(engine, name):
        # Its progress goes to our stderr as it comes; a short command's output would come at its end.
        ended = subprocess.run(words, env=dict(engine.environ), stdout=subprocess.PIPE, check=False)
        if not ended.stdout.strip():
            raise VerifyError(
                f"the run inside {name} ended with status {ended.returncode} and wrote no report",
                "read what it says above",
            )
        ran = engine.ask("container", "inspect", "--format", "{{.Image}}", name).out.strip()
        report = parse_report(ended.stdout, "what the run printed")
        path = _taken_out(engine, name, report, folder)
    hold_against(report, image, ran)
    return Certification(report, path)


def hold_against(report: AnyReport, image: Image, ran: str) -> None:
    """Compare what the report tells of its image with what the engine says ran, and with the image's labels.

    Args:
        report: Of the run inside.
        image: That was to be run.
        ran: The digest of the image of the container, as the engine tells it afterwards.

    Raises:
        IntegrityError: They differ.
    """
    told = report.facts.image or v1.Image(digest=None, source=None, base=None)
    claims: Mapping[str, tuple[object, object]] = {
        "the engine ran another image": (f"sha256:{ran.removeprefix('sha256:')}", image.digest),
        "the report names another image": (told.digest, image.digest),
        "the report is of another source": (f"sha256:{told.source}", image.labels.get("llm-verify.source.digest")),
        "the report is of another lock": (f"sha256:{report.lock.digest}", image.labels.get("llm-verify.lock.digest")),
    }
    for what, (is_, wanted) in claims.items():
        if is_ != wanted:
            raise IntegrityError(f"{what}: {is_}, not {wanted}", "trust neither; build the image again and look")
    if report.facts.container is None:
        raise IntegrityError("the report does not say that it ran in a container", "trust it not: see what ran")


def _taken_out(engine: Engine, name: str, report: AnyReport, folder: Path) -> Path:
    """Copy the reports of a container, which has ended, and find its own among them."""
    reports = folder / history.FOLDER
    # Where it is not there, podman 4.3 copies into the folder above it.
    reports.mkdir(parents=True, exist_ok=True)
    copied = engine.ask("cp", f"{name}:{REPORTS}/.", str(reports))
    if copied.status != 0:
        raise VerifyError(f"the reports of {name} cannot be copied: {copied.err.strip()}", "look into its volume")
    path = reports / report.environment.name / history.file_name(report)
    kept = read_report(path, folder)
    if kept.digest != report.digest:
        raise IntegrityError(f"{path.name} is not what the run printed", "trust neither; look into the volume")
    return path


@contextlib.contextmanager
def _removed(engine: Engine, name: str) -> Iterator[None]:
    engine.ask("rm", "--force", name)
    try:
        yield
    finally:
        engine.ask("rm", "--force", name)
