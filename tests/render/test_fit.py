from dataclasses import replace
from typing import Any

import pytest

from verify.render import fit as fit_text
from verify.render.fit import Fit, Held, Way, fit_of, plain, render, render_all, render_validation

GIGABYTE = 10**9


def way(method: str = "lora", *, checkpointing: bool = False, peak: int = 4, batch: int = 4, micro: int = 4) -> Way:
    sizes = {"weights": GIGABYTE, "adapters": 0, "optimiser": 0, "gradients": 0, "passing": GIGABYTE}
    return Way(
        method=method,
        checkpointing=checkpointing,
        parameters=1_234_567,
        trained=10,
        **sizes,
        peak=peak * GIGABYTE,
        fits=peak <= 8,
        largest_batch=batch,
        largest_micro_batch=micro,
        longest_text=900,
    )


def fit(*ways: Way) -> Fit:
    return Fit("a model", 8 * GIGABYTE, "the memory that was named", GIGABYTE // 2, "measured", ways)


def measured() -> dict[str, Any]:
    """What a worker leaves of two ways, of which the first does not fit."""
    figures: list[dict[str, Any]] = [
        {"name": "limit", "value": 100.0, "conditions": {}},
        {"name": "runtime", "value": 10.0, "conditions": {}},
    ]
    for method, peak in (("full", 120.0), ("lora", 60.0)):
        which = {"method": method, "checkpointing": False}
        single = {"parameters": 7.0, "trained": 3.0, "gradients": 4.0, "passing": 20.0, "largest_batch": 2.0}
        figures += [{"name": name, "value": value, "conditions": which} for name, value in single.items()]
        inputs = {"runtime": 10.0, "weights": 30.0, "adapters": 0.0, "optimiser": 0.0, "passing": 20.0}
        figures.append({"name": "peak", "value": peak, "conditions": which, "inputs": inputs})
    return {"measurements": figures, "notes": {"limit_source": "said so", "runtime_source": "measured"}}


def test_what_fits_is_ranked_before_what_does_not() -> None:
    found = fit_of("a model", measured())
    assert [(item.method, item.fits) for item in found.ways] == [("lora", True), ("full", False)]
    assert (found.limit, found.runtime, found.ways[0].weights, found.ways[0].passing) == (100, 10, 30, 20)
    assert (found.ways[0].largest_batch, found.ways[0].longest_text) == (2, None)


@pytest.mark.parametrize(
    ("batch", "micro", "effective", "expected"),
    [
        (16, 16, 16, (16, 1)),
        (5, 5, 16, (4, 4)),
        (1, 1, 7, (1, 7)),
        (16, 1, 8, (8, 1)),
        (1, 0, 8, None),
        (0, 0, 8, None),
    ],
)
def test_batch_and_accumulation_make_the_effective_batch(
    batch: int, micro: int, effective: int, expected: tuple[int, int] | None
) -> None:
    assert way(batch=batch, micro=micro).split(effective) == expected


def test_one_model_is_a_table_with_a_suggestion() -> None:
    text = render(fit(way(), way("full", peak=9)), 16, 800)
    assert "a model: 1,234,567 parameters" in text
    assert "limit: 8.00 GB, the memory that was named" in text
    assert "suggestion: LoRA, batch 4 x accumulation 4" in text
    first, second = [line.split() for line in text.splitlines() if "9.00" in line or "4.00" in line]
    assert first == ["1.", "LoRA", "1.00", "0.00", "0.00", "1.00", "4.00", "4", "800", "(all)", "4", "x", "4"]
    assert second[:2] == ["full", "1.00"]
    assert second[5:8] == ["9.00", "—", "—"]


def test_nothing_that_fits_is_said() -> None:
    assert "nothing of this fits" in render(fit(way(peak=9)), 16, None)


def test_many_models_are_a_row_each() -> None:
    text = render_all([fit(way(), way("full", peak=9)), fit(way("full"), way())])
    rows = [line.split() for line in text.splitlines() if line.strip().startswith("a model")]
    assert rows == [
        ["a", "model", "1,234,567", "9.00", "(no)", "4.00", "(4)"],
        ["a", "model", "1,234,567", "4.00", "(4)", "4.00", "(4)"],
    ]


def test_machines_are_told_the_suggestion_too() -> None:
    told = plain(fit(way()), 16)
    assert told["ways"][0]["suggestion"] == {"batch": 4, "accumulation": 4}
    assert plain(fit(way(batch=0, micro=0)), 16)["ways"][0]["suggestion"] is None


def test_a_validation_names_the_worst() -> None:
    first = Held("m", "cpu", "full", batch=2, tokens=8, predicted=90, measured=100, kept=130)
    held = [first, replace(first, predicted=80, kept=None)]
    assert [round(one.error, 3) for one in held] == [-0.1, -0.2]
    text = render_validation(held, 0.15)
    assert "1 of 2 within 15%, the worst off by 20.0%" in text
    assert "-10.0%" in text


def test_every_method_has_its_title() -> None:
    from verify.checks.fit.recipe import METHODS

    assert set(fit_text.METHODS) == set(METHODS)
    assert way("qlora", checkpointing=True).title == "QLoRA + checkpointing"
