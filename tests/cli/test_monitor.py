"""``verify monitor``: what is shown of a look, and on this machine."""

import json
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import ROOT, Verify
from verify.cli.monitor import as_line, shown
from verify.errors import Exit
from verify.monitor.reading import Reading, Unread, Value

GPU = "gpu 0 NVIDIA H200"
READING = Reading(
    (
        Value("processor", "utilisation", "%", 12.34),
        Value("memory", "used", "B", 4e9),
        Value("memory", "total", "B", 16e9),
        Value(GPU, "utilisation", "%", 98),
        Value(GPU, "used", "B", 40e9),
        Value(GPU, "temperature", "°C", 61),
        Value(GPU, "power", "W", 650.5),
        Value(GPU, "clock", "MHz", 1980),
    ),
    (Unread("processor power", "only root may read it"),),
)


def test_a_look_is_a_table_in_which_nothing_that_was_not_read_is_zero() -> None:
    told, head, processor, memory, gpu = shown(READING, READING.unread).splitlines()
    assert told == "processor power cannot be read: only root may read it"
    assert head.split() == ["utilisation", "memory", "temperature", "power", "clock"]
    assert processor.split() == ["processor", "12.3", "%", "—", "—", "—", "—"]
    assert "4 GB of 16 GB (25%)" in memory
    assert all(text in gpu for text in ("98 %", "40 GB", "61 °C", "650.5 W", "1,980 MHz"))


def test_what_cannot_be_read_is_told_once() -> None:
    assert "cannot be read" not in shown(READING, [])


def test_a_device_whose_name_is_hostile_moves_no_cursor() -> None:
    name = "gpu \x1b[2J\u202e"
    text = shown(Reading((Value(name, "power", "W", 1),)), [Unread(name, name)])
    assert text.replace("\n", "").isprintable()


def test_a_look_for_machines_has_values_units_and_reasons() -> None:
    told = json.loads(as_line(READING))
    assert told["values"][0] == {"subject": "processor", "name": "utilisation", "unit": "%", "value": 12.34}
    assert told["unread"] == [{"what": "processor power", "reason": "only root may read it"}]


def test_this_machine_is_looked_at_once(verify: Verify) -> None:
    ended = verify("monitor", "--once", "--json")
    assert ended.returncode == Exit.HOLDS, ended.stderr
    (line,) = ended.stdout.splitlines()
    named = {(value["subject"], value["name"]) for value in json.loads(line)["values"]}
    assert {("processor", "utilisation"), ("memory", "used"), ("memory", "total")} <= named
    shown_once = verify("monitor", "--once")
    assert shown_once.returncode == Exit.HOLDS
    assert "processor" in shown_once.stdout


@pytest.mark.parametrize("interval", ["0", "-1", "nan", "inf", "soon"])
def test_an_interval_that_is_none_is_refused(verify: Verify, interval: str) -> None:
    assert verify("monitor", "--once", f"--interval={interval}").returncode == Exit.USAGE


def test_an_interrupt_ends_it_in_good_order() -> None:
    words = [sys.executable, "-m", "verify", "monitor", "--json", "--interval", "0.2"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        for _ in range(2):
            assert json.loads(process.stdout.readline())["values"]
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (Exit.HOLDS, "")
