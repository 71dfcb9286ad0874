"""A consistent document has no fault; change one number, and the rules that depend on it speak."""

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.judge.audit import documents
from tests.judge.audit.documents import claim, document, known, listed, log, machine, moment, pinned, statement
from verify.claims.claim import Claim, Document, Logged, Quantity, Says, Statement, Topic, Unit
from verify.judge.audit.audit import MOST, audit_document, earlier_than
from verify.judge.audit.finding import AuditFinding
from verify.judge.audit.rules import RULES
from verify.probe.formula import evaluate

BASE, TRAINED, CLASSES = 20_000_000, 250_000, 40


def _speed(rate: float) -> Iterator[Claim]:
    section = ("Report", "Speed")
    for place, size in enumerate((512, 1024, 2048), 1):
        seconds = 2 * size**3 / (rate * (1 - 0.1 / place))
        yield claim("matmul_time", f"{seconds:.6f}", "s", line=place, section=section, size=size)
        told = 2 * size**3 / seconds / 1e9
        yield claim("matmul_rate", f"{told:.1f}", "GFLOPS", line=place, section=section, size=size)
    for place, batch in enumerate((8, 16, 32), 5):
        samples = batch / (0.001 + 0.0008 * batch)
        yield claim("training_rate", f"{samples:.1f}", "samples/s", line=place, section=section, batch=batch)


def _model() -> Iterator[Claim]:
    section = ("Report", "Model")
    yield claim("parameters", f"{BASE:,}", section=section, line=10)
    yield claim("trainable_parameters", f"{TRAINED:,}", section=section, line=11)
    yield claim("total_parameters", f"{BASE + TRAINED:,}", section=section, line=12)
    yield claim("share", f"{100 * TRAINED / (BASE + TRAINED):.3f}", "%", section=section, line=13)
    yield claim("load_time", "0.80", "s", section=section, line=14)
    yield claim("load_rate", f"{BASE / 800:.0f}", "parameters/ms", section=section, line=15)
    yield claim("memory_peak", "0.31", "GB", section=section, line=16)
    yield claim("alpha", "16", section=section, line=17)
    yield claim("rank", "8", section=section, line=18)
    yield claim("scale", "2.0", section=section, line=19)


def _counted() -> Iterator[Claim]:
    for topic, count in (("tests_total", "3"), ("tests_passed", "3"), ("tests_failed", "0")):
        yield claim(topic, count, line=20)  # type: ignore[arg-type]


def _training() -> Iterator[Claim]:
    section = ("Report", "Training")
    yield claim("classes", str(CLASSES), section=section, line=30)
    yield claim("loss_initial", "3.690", section=section, line=31)
    yield claim("loss_final", "0.500", section=section, line=32)
    yield claim("seed", "3", section=section, line=33)


def _log() -> tuple[Logged, ...]:
    told = zip(range(10, 60, 10), (3.69, 1.5, 0.7, 0.51, 0.5), strict=True)
    rows = [
        {"step": step, "loss": loss, "tokens": 2000.0 * step, "iteration_rate": 0.5, "token_rate": 1000.0}
        for step, loss in told
    ]
    return log(
        "run", *rows, line=34, rounding={"loss": 0.001, "tokens": 1.0, "iteration_rate": 0.01, "token_rate": 0.1}
    )


def _said() -> Iterator[Statement]:
    yield statement("converged", "loss", line=40, section=("Report", "Training"))
    yield statement("near_peak", line=41, section=("Report", "Speed"))
    yield statement("works", "lora", line=42, mark=True)


def consistent(rate: float = 3.5e12) -> Document:
    """A document in which everything follows: a machine, its speed, a model, a suite, a training."""
    return document(
        *_speed(rate), *_model(), *_counted(), *_training(),
        statements=tuple(_said()),
        enumerations=(listed("test", "devices:mps", "adapters:lora", "models:transformers", line=20),),
        logged=_log(),
        machines=(machine(50, chip="M2", gpu_cores=10, system="macOS 26.2", kernel="Darwin 25.2.0", python="3.13"),),
        pinned=pinned(torch="2.16.0"),
        moments=(moment("2031-05-06T07:08:09"),),
        lines=(*["a line"] * 60, f"sha256:{'0' * 64}"),
    )  # fmt: skip


def _rules(written: Document) -> set[str]:
    return {finding.rule for finding in audit_document(written, known())}


def _with(topic: str, factor: float) -> Document:
    """The consistent document with the last figure of a topic changed."""
    written = consistent()
    position = max(place for place, told in enumerate(written.claims) if told.topic == topic)
    told = written.claims[position]
    figure = dataclasses.replace(told.quantity, low=told.quantity.low * factor, high=told.quantity.high * factor)
    changed = dataclasses.replace(told, quantity=figure)
    return dataclasses.replace(written, claims=(*written.claims[:position], changed, *written.claims[position + 1 :]))


@given(st.floats(3.4e12, 3.7e12))
def test_a_consistent_document_has_no_fault(rate: float) -> None:
    assert audit_document(consistent(rate), known()) == []


@pytest.mark.parametrize(
    ("topic", "factor", "expected"),
    [
        ("matmul_time", 0.5, {"recompute.value"}),
        ("matmul_rate", 0.5, {"recompute.value"}),
        ("matmul_rate", 2.0, {"recompute.value", "physics.above_datasheet", "peak.rising"}),
        ("training_rate", 3.0, {"monotone.step_time"}),
        ("parameters", 2.0, {"recompute.value"}),
        ("trainable_parameters", 8.0, {"recompute.value"}),
        ("share", 3.0, {"recompute.value"}),
        ("load_time", 1.4, {"recompute.value"}),
        ("load_rate", 0.7, {"recompute.value"}),
        ("memory_peak", 0.2, {"physics.memory_below_weights"}),
        ("rank", 2.0, {"recompute.scale"}),
        ("tests_total", 2.0, {"counts.listed", "counts.outcomes"}),
        ("tests_failed", 1.0, set()),
        ("loss_final", 0.8, {"recompute.log"}),
        ("loss_final", 1.001, set()),
        ("classes", 0.05, {"chance.far_above"}),
    ],
)
def test_one_number_changed_is_found_by_the_rules_that_depend_on_it(
    topic: str, factor: float, expected: set[str]
) -> None:
    assert _rules(_with(topic, factor)) == expected


@given(st.sampled_from(["matmul_rate", "load_rate", "share"]), st.floats(1.3, 50), st.booleans())
def test_a_derived_figure_that_is_off_is_always_found(topic: str, factor: float, less: bool) -> None:
    assert "recompute.value" in _rules(_with(topic, 1 / factor if less else factor))


CHANGES: tuple[Callable[[Document], Document], ...] = (
    lambda written: dataclasses.replace(written, enumerations=()),
    lambda written: dataclasses.replace(written, statements=(*written.statements, statement("works", "fp8"))),
    lambda written: dataclasses.replace(written, machines=(machine(chip="M2", gpu_cores=16),)),
)


@given(st.sampled_from([told.topic for told in consistent().claims]), st.floats(0.01, 100), st.sampled_from(CHANGES))
def test_every_formula_and_its_inputs_come_to_what_is_recomputed(
    topic: str, factor: float, change: Callable[[Document], Document]
) -> None:
    for finding in audit_document(change(_with(topic, factor)), known()):
        redo(finding)


def redo(finding: AuditFinding) -> None:
    """Hold what a finding says it recomputed against its formula and inputs."""
    assert (finding.formula is None) == (finding.recomputed is None)
    if finding.formula is not None:
        assert finding.recomputed == pytest.approx(evaluate(finding.formula, finding.inputs), rel=1e-12)


TOPICS: tuple[tuple[Topic, Unit], ...] = (
    ("matmul_rate", "GFLOPS"), ("matmul_time", "s"), ("bandwidth", "GB/s"), ("forward_time", "s"), ("duration", "s"),
    ("activation_time", "s"), ("training_rate", "samples/s"), ("token_rate", "tokens/s"), ("speedup", "x"),
    ("slowdown", "x"), ("loss_initial", "1"), ("loss_final", "1"), ("parameters", "1"), ("total_parameters", "1"),
    ("trainable_parameters", "1"), ("share", "%"), ("saving", "%"), ("load_time", "s"), ("load_rate", "parameters/ms"),
    ("memory_peak", "GB"), ("memory_used", "GiB"), ("steps", "1"), ("batch", "1"), ("sequence_length", "1"),
    ("vocabulary", "1"), ("classes", "1"), ("hidden", "1"), ("layers", "1"), ("alpha", "1"), ("rank", "1"),
    ("scale", "1"), ("tests_total", "1"), ("tests_passed", "1"), ("tests_failed", "1"), ("pass_rate", "%"),
)  # fmt: skip
NUMBERS = st.one_of(st.integers(0, 10**19), st.floats(0, 1e300), st.sampled_from([0.0, math.inf]))
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "size": st.sampled_from([0.0, 64.0, 128.0, 1e200]), "batch": st.sampled_from([0.0, 1.0, 2.0]),
        "layers": st.sampled_from([0.0, 12.0]), "hidden": st.sampled_from([64.0, 768.0]),
        "samples": st.sampled_from([1.0, 3.0, 9.0]), "device": st.sampled_from(["cpu", "mps"]),
        "model": st.sampled_from(["transformer", "a-1b", "a-2b"]), "chip": st.sampled_from(["M2", "M1 Pro", "A100"]),
        "bound": st.just("peak"), "formula": st.sampled_from(["1 / 0", "2 * 3", "9 ** 9 ** 9"]),
    },
)  # fmt: skip


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    """Any figure, sensible or not."""
    topic, unit = draw(st.sampled_from(TOPICS))
    low, high = sorted(float(draw(NUMBERS)) for _ in range(2))
    high = draw(st.sampled_from([low, high]))
    step = draw(st.sampled_from([0.0, 0.01, 1.0]))
    figure = Quantity(low, high, unit, f"{low:g}", approximate=draw(st.booleans()), step=step)
    section = draw(st.sampled_from([("R",), ("R", "A"), ("R", "B")]))
    stated = draw(st.sampled_from(["measured", "estimated", "datasheet"]))
    place, settings = documents.place(draw(st.integers(1, 9))), draw(SETTINGS)
    return Claim(place, section, topic, figure, settings, topic, "text", stated)  # type: ignore[arg-type]


@given(
    st.lists(claims(), max_size=12),
    st.lists(st.tuples(st.integers(0, 10**17), NUMBERS, NUMBERS, NUMBERS), max_size=6),
    st.lists(st.tuples(st.sampled_from(get_args(Says)), st.sampled_from(["", "loss", "qlora"])), max_size=6),
)
def test_no_document_makes_a_rule_fail_and_every_sum_can_be_redone(
    told: list[Claim], rows: list[tuple[int, float, float, float]], said: list[tuple[Says, str]]
) -> None:
    logged = [dict(zip(("step", "loss", "token_rate", "seconds"), map(float, row), strict=True)) for row in rows]
    written = document(
        *told,
        logged=log("run", *logged, rounding={"seconds": math.inf}),
        statements=tuple(statement(says, about, section=("R", "A")) for says, about in said),
        machines=(machine(chip="M2", memory_gb=16.0),),
    )
    for finding in audit_document(written, known(written)):
        redo(finding)


def test_what_nobody_could_read_is_refused() -> None:
    many = document(*[claim("batch", "4")] * (MOST + 1))
    assert [finding.rule for finding in audit_document(many, known())] == ["rules.too_many"]


def test_findings_are_in_the_order_of_the_text() -> None:
    changed = _with("share", 3.0)
    changed = dataclasses.replace(changed, lines=("/Users/somebody/x", *changed.lines[1:]))
    found = audit_document(changed, known())
    assert [finding.place.line for finding in found] == sorted(finding.place.line for finding in found)
    assert len(found) > 1


def test_without_rules_nothing_is_right() -> None:
    (finding,) = audit_document(consistent(), known(), rules=())
    assert (finding.rule, finding.severity) == ("rules.none", "error")


def test_every_rule_is_asked_once() -> None:
    assert len(set(RULES)) == len(RULES)


def test_an_empty_document_has_no_fault() -> None:
    assert audit_document(Document("empty.md", "", "en"), known()) == []


def test_a_finding_survives_being_stored() -> None:
    (finding,) = audit_document(_with("share", 3.0), known())
    assert AuditFinding.model_validate_json(finding.model_dump_json()) == finding


def test_earlier_is_what_began_before_on_the_same_chip() -> None:
    def at(iso: str, chip: str = "M2") -> Document:
        return document(moments=(moment(iso),), machines=(documents.machine(chip=chip),))

    first, second, now = at("2031-01-01T08:00:00"), at("2031-01-01T09:00:00"), at("2031-01-01T10:00:00")
    other = at("2031-01-01T07:00:00", "M4")
    undated = document(machines=(documents.machine(chip="M2"),))
    assert earlier_than(now, [first, now, second, other, undated]) == (second, first)
    assert earlier_than(undated, [first]) == ()
