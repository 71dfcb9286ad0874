"""The whole way, on the environment that was set up last: from the command to a report that is kept."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Verify
from tests.report.attest.signing import signer
from verify.errors import Exit
from verify.report.attest.private_key import make_key
from verify.report.keys import PATH, entry

ROGUES = str(ROOT / "tests/rogue")


def reports(project: Path) -> list[Path]:
    return sorted(project.glob("reports/*/*.json"))


def test_without_an_environment_it_says_how_to_make_one(verify: Verify) -> None:
    ended = verify("run")
    assert ended.returncode == Exit.USAGE
    assert ended.stderr == "error: no environment is set up\nhint: run `./noxw -s setup`\n"


@pytest.mark.parametrize(
    ("verb", "option"),
    [
        ("run", "--changed-since"),
        ("run", "--select"),
        ("run", "--environment"),
        ("run", "--checks"),
        ("checks", "--checks"),
        ("status", "--environment"),
        ("devices", "--environment"),
    ],
)
@pytest.mark.parametrize("word", ["", " "])
def test_an_option_that_is_given_nothing_is_a_mistake(verify: Verify, verb: str, option: str, word: str) -> None:
    ended = verify(verb, option, word)
    assert (ended.returncode, ended.stdout) == (Exit.USAGE, "")
    assert f"argument {option}: it is given nothing: an empty word" in ended.stderr


@pytest.mark.environment
def test_a_quick_run_keeps_a_valid_report_with_no_secrets_in_it(furnished: Path, verify: Verify) -> None:
    ended = verify("run", "--level", "quick")
    assert ended.returncode == Exit.HOLDS, ended.stderr
    (path,) = reports(furnished)
    kept = path.read_text(encoding="utf-8")
    assert json.loads(kept)["counts"]["passed"] > 10
    assert str(furnished) not in kept
    assert str(Path.home()) + "/" not in kept
    assert path.with_suffix(".md").read_text(encoding="utf-8").startswith("# ")
    assert verify("report", "validate").stdout == "1 of 1 reports are what was written; findings: 0\n"
    path.write_bytes(path.read_bytes().replace(b'"passed"', b'"failed"', 1))
    assert verify("report", "validate").returncode == Exit.INTEGRITY


@pytest.mark.environment
def test_a_run_with_a_key_signs_the_head_of_its_history(furnished: Path, verify: Verify, tmp_path: Path) -> None:
    key = make_key(tmp_path / "ada.pem", furnished, None)
    environment = (furnished / ".environments/current").read_text().strip()
    ends = {"valid_from": "2026-01-01T00:00:00Z", "valid_until": "2999-01-01T00:00:00Z"}
    (furnished / PATH).write_text(entry(signer(key, **ends, environments=(environment,))))
    ended = verify("run", "--level", "quick", "--key", str(tmp_path / "ada.pem"), VERIFY_KEY_PASSPHRASE="")
    assert ended.returncode == Exit.HOLDS, ended.stderr
    assert ended.stderr.endswith("the head of the history: signed by ada\n")
    (head,) = furnished.glob("reports/*/*.head.dsse")
    assert verify("history", "prove", "--head", str(head)).returncode == Exit.HOLDS
    head.write_bytes(head.read_bytes().replace(b'"sig":"', b'"sig":"0', 1))
    assert verify("history", "prove").returncode == Exit.INTEGRITY


@pytest.mark.environment
def test_rogue_checks_are_told_of_and_refused_and_the_report_is_whole(furnished: Path, verify: Verify) -> None:
    ended = verify("run", "--level", "full", "--checks", ROGUES, "--device", "cpu", "--select", "rogue.*")
    assert ended.returncode == Exit.USAGE, "rogues ask nothing of a device"
    ended = verify("run", "--level", "quick", "--checks", ROGUES)
    assert ended.returncode == Exit.REFUSED
    report = json.loads(reports(furnished)[0].read_text(encoding="utf-8"))
    outcomes = {result["id"]: result["outcome"] for result in report["results"]}
    assert outcomes["rogue.segfaults"] == "crashed"
    assert outcomes["rogue.eats_all_memory"] == "out_of_memory"
    assert outcomes["rogue.passes"] == "passed"
    assert report["counts"]["planned"] == len(outcomes)
    assert verify("report", "validate").returncode == Exit.HOLDS
    asks_the_rogues_again(furnished, verify)


def asks_the_rogues_again(furnished: Path, verify: Verify) -> None:
    """What failed in the first report is asked again, twice, and nothing is kept of it."""
    kept = reports(furnished)
    words = ("--changed-since", "1", "--checks", ROGUES, "--select", "rogue.[ap]*", "--repeat", "2", "--jobs", "3")
    ended = verify("run", *words, "--json")
    assert ended.returncode == Exit.REFUSED
    asked = {item["id"]: item["outcomes"] for item in json.loads(ended.stdout)["checks"]}
    assert asked == {"rogue.answers_then_crashes": {"crashed": 2}, "rogue.asserts_nothing": {"errored": 2}}
    assert "not passed 2, not in it 0, passed and left out 2" in ended.stderr
    assert "16 checks are from" in ended.stderr
    assert reports(furnished) == kept


@pytest.mark.environment
def test_a_selection_of_which_nothing_can_be_asked_is_refused(furnished: Path, verify: Verify) -> None:
    ended = verify("run", "--environment", "cpu", "--select", "quantization.*", "--device", "cuda")
    assert ended.returncode == Exit.USAGE, ended.stderr
    assert "error: nothing is left to ask: cpu promises no cuda (" in ended.stderr
    assert reports(furnished) == []


@pytest.mark.environment
def test_a_selection_is_tried_and_keeps_nothing(furnished: Path, verify: Verify) -> None:
    ended = verify("run", "--checks", ROGUES, "--select", "rogue.passes", "--json")
    assert (ended.returncode, [result["outcome"] for result in json.loads(ended.stdout)]) == (Exit.HOLDS, ["passed"])
    failing = verify("run", "--checks", ROGUES, "--select", "rogue.raises", "-v")
    assert failing.returncode == Exit.REFUSED
    assert "| ZeroDivisionError: by design" in failing.stderr
    assert reports(furnished) == []


@pytest.mark.environment
def test_reports_that_cannot_be_written_are_found_before_anything_is_asked(furnished: Path, verify: Verify) -> None:
    (furnished / "reports").write_text("a file where a folder should be")
    ended = verify("run")
    assert ended.returncode == Exit.INPUT_OUTPUT
    assert len(ended.stderr.splitlines()) == 2
    assert "checks to ask" not in ended.stderr


@pytest.mark.environment
def test_an_interrupted_run_keeps_what_it_has_and_leaves_nothing_running(furnished: Path) -> None:
    words = [sys.executable, "-m", "verify", "--root", str(furnished), "run", "--level", "quick", "--checks", ROGUES]
    running = subprocess.Popen(
        words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert running.stderr is not None
    with running.stderr as lines:
        first = [next(lines) for _ in range(3)]
        running.send_signal(signal.SIGINT)
        rest = lines.read()
    assert running.wait() == Exit.INTERRUPTED, (first, rest)
    (path,) = reports(furnished)
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["interrupted"] is True
    assert report["counts"]["planned"] == len(report["results"])
    left = subprocess.run(["pgrep", "-f", str(furnished)], capture_output=True, text=True, check=False).stdout
    assert left == ""


@pytest.mark.environment
def test_devices_answers_and_status_misses_a_certificate(furnished: Path, verify: Verify) -> None:
    told = json.loads(verify("devices", "--json").stdout)
    assert {device["name"]: device["computes"] for device in told["devices"]}["cpu"] is True
    ended = verify("status")
    assert ended.returncode == Exit.USAGE
    assert "holds no certificate of this machine" in ended.stderr
