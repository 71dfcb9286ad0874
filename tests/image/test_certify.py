from pathlib import Path
from typing import Any

import pytest

from tests import examples
from tests.image import fakes
from verify.errors import IntegrityError, VerifyError
from verify.image.certify import certify, hold_against, run_words
from verify.image.engine import Image, Name
from verify.render import markdown
from verify.report.canonical import stored_text
from verify.report.history import append
from verify.report.read import read_report
from verify.report.versions import AnyReport

SOURCE = "ab" * 32


def told(**changes: Any) -> dict[str, Any]:
    """What the machine tells inside the image."""
    image = {"digest": f"sha256:{fakes.DIGEST}", "source": SOURCE, "base": None}
    return {"container": "podman", "image": image, **changes}


def report(**changes: Any) -> AnyReport:
    """A report of a run inside the image."""
    return examples.report("v2", facts=examples.facts(**told(**changes)))


def image(of: AnyReport) -> Image:
    return fakes.image(
        **{"llm-verify.lock.digest": f"sha256:{of.lock.digest}", "llm-verify.source.digest": f"sha256:{SOURCE}"}
    )


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_a_run_is_confined_and_told_its_image(tmp_path: Path, name: Name) -> None:
    line = " ".join(run_words(fakes.engine(tmp_path, name), fakes.image(), "box", ["run"], more=["--memory", "8g"]))
    for option in ("--network none", "--read-only", "--cap-drop all", "--security-opt no-new-privileges"):
        assert option in line
    assert f"--env VERIFY_IMAGE_DIGEST=sha256:{fakes.DIGEST}" in line
    assert f"--memory 8g {'' if name == 'podman' else 'sha256:'}{fakes.DIGEST} run" in line
    assert "gpu" not in line


@pytest.mark.parametrize(("name", "option"), [("docker", "--gpus all"), ("podman", "--device nvidia.com/gpu=all")])
def test_a_class_with_gpus_is_given_them(tmp_path: Path, name: Name, option: str) -> None:
    assert option in " ".join(run_words(fakes.engine(tmp_path, name), fakes.image(), "box", ["run"], gpus=True))


def test_a_report_of_the_image_that_ran_is_taken() -> None:
    made = report()
    hold_against(made, image(made), fakes.DIGEST)
    hold_against(made, image(made), f"sha256:{fakes.DIGEST}")


@pytest.mark.parametrize(
    ("changes", "ran", "what"),
    [
        ({}, "00" * 32, "the engine ran another image"),
        ({"image": None}, fakes.DIGEST, "the report names another image"),
        ({"image": {**told()["image"], "digest": None}}, fakes.DIGEST, "the report names another image"),
        ({"image": {**told()["image"], "digest": f"sha256:{'00' * 32}"}}, fakes.DIGEST, "names another image"),
        ({"image": {**told()["image"], "source": None}}, fakes.DIGEST, "the report is of another source"),
        ({"container": None}, fakes.DIGEST, "does not say that it ran in a container"),
    ],
)
def test_a_report_that_tells_of_another_is_refused(changes: dict[str, Any], ran: str, what: str) -> None:
    made = report(**changes)
    with pytest.raises(IntegrityError, match=what):
        hold_against(made, image(made), ran)


def test_a_report_of_another_lock_is_refused() -> None:
    made = report()
    other = fakes.image(**{**image(made).labels, "llm-verify.lock.digest": "sha256:" + "00" * 32})
    with pytest.raises(IntegrityError, match="another lock"):
        hold_against(made, other, fakes.DIGEST)


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Path, AnyReport]:
    """A volume with a report in it."""
    volume = tmp_path / "volume"
    draft = examples.draft_judged("v2", facts=examples.facts(**told()))
    path = append(volume, draft, render=markdown.render, audit=lambda _: [])
    return volume, read_report(path, volume)


def engine_script(printed: str, volume: Path) -> str:
    return f"""case "$1" in
run) cat <<'E'
{printed}E
;;
container) echo {fakes.DIGEST} ;;
cp) cp -r {volume}/reports/. "$3" ;;
esac"""


def test_the_report_is_printed_copied_out_and_held_against_the_image(
    tmp_path: Path, kept: tuple[Path, AnyReport]
) -> None:
    volume, made = kept
    engine = fakes.engine(tmp_path, script=engine_script(stored_text(made), volume))
    found = certify(engine, image(made), "box", "full", tmp_path / "out")
    assert found.report == made
    assert found.path.is_relative_to(tmp_path / "out/reports")
    verbs = [line.split()[1] for line in fakes.asked(tmp_path)]
    assert verbs == ["rm", "run", "container", "cp", "rm"]


def test_a_volume_with_another_report_of_that_name_is_refused(tmp_path: Path, kept: tuple[Path, AnyReport]) -> None:
    volume, made = kept
    other = examples.report("v2", facts=examples.facts(**told(power_mode="low")))
    engine = fakes.engine(tmp_path, script=engine_script(stored_text(other), volume))
    with pytest.raises(IntegrityError, match="not what the run printed"):
        certify(engine, image(made), "box", "full", tmp_path / "out")


@pytest.mark.parametrize("status", [1, 2, 5, 125, 137])
def test_a_run_without_a_report_is_an_error_and_leaves_no_container(tmp_path: Path, status: int) -> None:
    engine = fakes.engine(tmp_path, script=f'[ "$1" = run ] && exit {status}; exit 0')
    with pytest.raises(VerifyError, match=f"status {status} and wrote no report"):
        certify(engine, fakes.image(), "box", "full", tmp_path / "out")
    assert fakes.asked(tmp_path)[-1] == "podman rm --force box"
