"""What checks measure with: how far off a result is, and how much room a device has."""

import json
import math
import subprocess
from typing import Any

import pytest

from tests.checks.cases import DRIVER
from tests.checks.conftest import Provisioned
from verify.checks.measures import device_room

# Makes the package importable, as for the faults.
DRIVEN = """
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("driver", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
import torch
"""
ERRORS = """
from verify.checks.measures.precision import EPS, worst_error
def error(results, exact, scale):
    return worst_error(torch.tensor(results), torch.tensor(exact, dtype=torch.float64), scale)
def relative(results, exact):
    return error(results, exact, torch.tensor(exact, dtype=torch.float64).abs())
nan, inf = float("nan"), float("inf")
print(json.dumps({
    "exact": relative([0.0, 2.0], [0.0, 2.0]),
    "off": relative([0.0, 2.0 + 4 * EPS["float32"]], [0.0, 2.0]),
    "off at zero": relative([1e-9, 2.0], [0.0, 2.0]),
    "no scale": error([1.0], [1.0], 0.0),
    "nan": relative([nan, 2.0], [1.0, 2.0]),
    "nan at zero": relative([nan, 2.0], [0.0, 2.0]),
    "infinite": relative([inf, 2.0], [1.0, 2.0]),
    "as infinite": relative([inf, 2.0], [inf, 2.0]),
}))
"""


def printed(provisioned: Provisioned, source: str) -> Any:
    """What a program prints in its last line, as JSON, run in the environment."""
    words = [str(provisioned.python), "-P", "-c", DRIVEN + source, str(DRIVER)]
    done = subprocess.run(words, env=provisioned.variables, check=True, capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.environment
def test_no_error_is_none_on_any_scale_and_no_number_is_never_right(provisioned: Provisioned) -> None:
    errors = printed(provisioned, ERRORS)
    wrong = ("off at zero", "nan", "nan at zero", "infinite", "as infinite")
    assert errors == {"exact": 0, "off": 2, "no scale": 0} | dict.fromkeys(wrong, math.inf)


OPERATORS = """
from verify.checks.measures.operators import names, observed
def work():
    torch.nn.functional.linear(torch.ones(2, 3), torch.ones(4, 3)).relu()
with observed() as seen:
    work()
imported = "torch._inductor" in sys.modules
from torch.profiler import ProfilerActivity, profile
with profile(activities=[ProfilerActivity.CPU]) as told:
    work()
print(json.dumps([names(seen), [event.name for event in told.events()], imported]))
"""


@pytest.mark.environment
def test_operators_are_those_that_the_newer_profiler_sees_and_no_compiler_is_imported(provisioned: Provisioned) -> None:
    seen, told, imported = printed(provisioned, OPERATORS)
    assert seen == told
    assert {"aten::linear", "aten::relu"} <= set(seen)
    assert not imported


@pytest.mark.parametrize(("limit", "whole"), [(None, True), (10**18, True), (2**30, False)])
def test_a_container_has_no_more_room_than_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch, limit: int | None, whole: bool
) -> None:
    monkeypatch.setattr(device_room, "memory_limit_bytes", lambda: None)
    machine = device_room.total_bytes("cpu")
    monkeypatch.setattr(device_room, "memory_limit_bytes", lambda: limit)
    assert device_room.total_bytes("cpu") == (machine if whole else limit)


def test_scores_of_half_the_tokens_need_a_quarter_of_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    # Four copies of 8 x 4096 x 4096 numbers of four bytes are 2 GiB, a quarter of 8.
    monkeypatch.setattr(device_room, "total_bytes", lambda _: 2**33)
    assert device_room.scores_fit("mps", 8, 4096)
    assert not device_room.scores_fit("mps", 8, 4097)
    assert device_room.scores_fit("mps", 32, 2048)
