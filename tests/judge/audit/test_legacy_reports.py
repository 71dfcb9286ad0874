"""Reports that people wrote by hand, where they lie beside the checkout: what must be found, and what must not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.judge.audit.documents import known
from tests.judge.audit.test_audit import redo
from verify.claims.claim import Document
from verify.claims.read import read_markdown
from verify.judge.audit.audit import audit_document, earlier_than
from verify.judge.audit.finding import AuditFinding

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "seeds"
FILES = {path.name[:3]: path for path in sorted(FOLDER.glob("*.txt"))}
NEEDED = ("000", "001", "002", "003", "004")

pytestmark = pytest.mark.skipif(any(name not in FILES for name in NEEDED), reason="the old reports are not here")

# The line, the rule, and what it is about.
FOUND: dict[str, tuple[tuple[int, str, str], ...]] = {
    "000": (
        (14, "counts.listed", "benchmark"), (13, "counts.dropped", "functional"),
        (30, "peak.wording", "matmul_rate"), (30, "peak.rising", "matmul_rate"),
        (117, "peak.wording", "matmul_rate"), (40, "peak.wording", "bandwidth"), (40, "peak.rising", "bandwidth"),
        (37, "physics.marginal_bandwidth", "bandwidth"), (54, "monotone.step_time", "step_time"),
        (48, "physics.below_weights_read", "forward_time"), (62, "monotone.activation", "activation_time"),
        (97, "untested.efficiency", "power_efficiency"), (73, "carried.identical", "memory_peak"),
        (73, "carried.identical", "duration"), (119, "untested.capability", "qlora"),
        (118, "untested.any_size", "model"), (105, "counts.versions", "packages"), (1, "counts.versions", "python"),
        (93, "peak.mixed", "matmul_rate"), (93, "peak.mixed", "bandwidth"), (93, "peak.rounded_up", "bandwidth"),
        (126, "untested.still_to_do", "qlora"), (4, "identity.kernel", "system"),
    ),
    "001": (
        (83, "chance.not_learned", "loss"), (83, "trend.flat", "loss"), (61, "counts.listed", "layers"),
        (104, "recompute.value", "load_rate"), (134, "recompute.saving", "memory"),
        (140, "physics.memory_below_weights", "memory_peak"), (140, "monotone.memory", "memory_peak"),
        (17, "counts.rate", "core"), (148, "contradiction.failed_and_fine", "mlx"),
        (204, "untested.capability", "mlx_training"), (266, "untested.capability", "mlx_training"),
        (267, "untested.capability", "mixed_precision"), (268, "untested.capability", "gradient_checkpointing"),
        (230, "untested.capability", "distributed"), (229, "untested.capability", "qlora"),
        (250, "untested.capability", "qlora"), (265, "untested.capability", "qlora"),
        (181, "untested.fallback", "fallback"), (237, "combination.datasets-python-3-14", "datasets"),
        (263, "untested.any_size", "model"), (279, "untested.still_to_do", "qlora"),
        (294, "hygiene.overwritten", "files"), (76, "hygiene.seed", "seed"), (76, "hygiene.dataset", "dataset"),
        (4, "identity.kernel", "system"),
    ),
    "002": (
        (98, "recompute.value", "speedup"), (85, "confound.arms", "comparison"), (46, "hygiene.credentials", "secrets"),
        (115, "snippets.range", "batch_size"), (129, "snippets.syntax", "python"),
        (247, "snippets.no_such_effect", "mps"), (269, "regularity.ratios", "duration"),
        (91, "regularity.proportional", "duration"), (98, "regularity.proportional", "duration"),
        (358, "untested.efficiency", "power_efficiency"), (389, "untested.efficiency", "power_efficiency"),
        (399, "untested.still_to_measure", "mps"), (400, "untested.still_to_measure", "mps"),
        (359, "identity.chips", "chip"), (1, "hygiene.date", "date"),
        (91, "hygiene.seed", "seed"), (91, "hygiene.dataset", "dataset"),
        (18, "combination.mps-attention-before-2-11", "torch"), (18, "combination.mps-products-past-32767", "torch"),
    ),
    "003": (
        (5, "identity.cores", "chip"), (19, "recompute.scale", "scale"), (60, "trend.uneven", "loss"),
        (63, "trend.generalises", "loss"), (116, "trend.converged", "loss"),
        (92, "untested.capability", "inference"),
        (107, "snippets.adapter_path", "mlx_lm"), (9, "hygiene.leak", "secrets"), (75, "hygiene.leak", "secrets"),
        (76, "hygiene.leak", "secrets"), (106, "hygiene.leak", "secrets"), (107, "hygiene.leak", "secrets"),
        (1, "hygiene.date", "date"), (1, "hygiene.versions", "packages"), (59, "hygiene.seed", "seed"),
        (59, "hygiene.dataset", "dataset"),
    ),
    "004": (
        (104, "steady_state.flips", "token_rate"), (105, "steady_state.flips", "token_rate"),
        (91, "steady_state.break_even", "steps"), (91, "steady_state.average", "token_rate"),
        (72, "steady_state.average", "token_rate"), (163, "steady_state.advice", "steps"),
        (278, "steady_state.advice", "steps"), (68, "chance.far_above", "loss"), (91, "chance.far_above", "loss"),
        (79, "chance.not_learned", "loss"), (98, "chance.not_learned", "loss"), (98, "trend.rise", "loss"),
        (141, "trend.rise", "loss"), (83, "confound.arms", "comparison"),
        (83, "contradiction.labelled", "flash_attention"), (83, "contradiction.labelled", "qk_norm"),
        (140, "counts.everything", "Recommended"), (5, "identity.cuda", "cuda"), (50, "physics.memory_limit", "memory"),
        (152, "snippets.dropped_argument", "snippet"), (289, "contradiction.expectations", "speedup"),
        (250, "untested.capability", "distributed"), (227, "identity.kernel", "system"),
        (6, "hygiene.versions", "torch"), (78, "hygiene.seed", "seed"),
    ),
}  # fmt: skip

# What the sums come to, by document, line and rule.
SUMS = {
    ("000", 37, "physics.marginal_bandwidth"): 1672,
    ("000", 48, "physics.below_weights_read"): 566,
    ("000", 30, "peak.wording"): 58.8,
    ("000", 40, "peak.wording"): 44.6,
    ("000", 54, "monotone.step_time"): 0.003433,
    ("001", 83, "chance.not_learned"): 2.3026,
    ("001", 104, "recompute.value"): 13366,
    ("001", 134, "recompute.saving"): 74.0,
    ("001", 140, "physics.memory_below_weights"): 0.496,
    ("003", 19, "recompute.scale"): 2,
    ("004", 104, "steady_state.flips"): 1.598,
    ("004", 72, "steady_state.average"): 84559,
    ("004", 91, "steady_state.average"): 135121,
    ("004", 91, "steady_state.break_even"): 986,
    ("004", 163, "steady_state.advice"): 1.357,
    ("004", 68, "chance.far_above"): 10.309,
    ("004", 50, "physics.memory_limit"): 0.2982,
}

# Lines whose figures are right: the rules that would say otherwise are silent there.
RIGHT: dict[str, tuple[tuple[range, str], ...]] = {
    "000": ((range(26, 29), "recompute"), (range(26, 29), "physics"), (range(46, 48), "physics")),
    "001": (
        (range(75, 81), "recompute"), (range(93, 104), "recompute"), (range(122, 134), "recompute"),
        (range(144, 145), "recompute"), (range(14, 17), "counts"), (range(103, 104), "physics"),
    ),
    "002": ((range(91, 93), "recompute"), (range(99, 101), "recompute"), (range(260, 300), "recompute"),
            (range(126, 130), "recompute")),
    "003": ((range(31, 32), "recompute"), (range(36, 55), "recompute"), (range(58, 86), "recompute"),
            (range(36, 37), "physics"), (range(88, 92), "recompute"), (range(65, 68), "trend")),
    "004": ((range(68, 73), "recompute"), (range(76, 80), "recompute"), (range(87, 92), "recompute"),
            (range(95, 99), "recompute"), (range(104, 107), "recompute"), (range(19, 39), "counts")),
}  # fmt: skip


@pytest.fixture(scope="module")
def documents() -> dict[str, Document]:
    """The five of them, as the reader understands them."""
    return {name: read_markdown(FILES[name].read_bytes(), FILES[name].name) for name in NEEDED}


@pytest.fixture(scope="module")
def findings(documents: dict[str, Document]) -> dict[str, list[AuditFinding]]:
    """What the rules find in each, beside the others."""
    return {
        name: audit_document(written, known(*earlier_than(written, documents.values())))
        for name, written in documents.items()
    }


def _expected() -> Iterator[tuple[str, int, str, str]]:
    return ((name, *found) for name, all_found in FOUND.items() for found in all_found)


@pytest.mark.parametrize(("name", "line", "rule", "subject"), list(_expected()))
def test_what_is_wrong_is_found(
    findings: dict[str, list[AuditFinding]], name: str, line: int, rule: str, subject: str
) -> None:
    assert (line, rule, subject) in {(found.place.line, found.rule, found.subject) for found in findings[name]}


@pytest.mark.parametrize(("name", "line", "rule", "value"), [(*place, value) for place, value in SUMS.items()])
def test_the_sums_come_to_what_they_should(
    findings: dict[str, list[AuditFinding]], name: str, line: int, rule: str, value: float
) -> None:
    told = [found.recomputed for found in findings[name] if (found.place.line, found.rule) == (line, rule)]
    assert told
    assert any(number == pytest.approx(value, rel=2e-3) for number in told)


@pytest.mark.parametrize(
    ("name", "lines", "family"), [(name, *right) for name, all_right in RIGHT.items() for right in all_right]
)
def test_what_is_right_is_not_flagged(
    findings: dict[str, list[AuditFinding]], name: str, lines: range, family: str
) -> None:
    wrong = [found for found in findings[name] if found.place.line in lines and found.rule.startswith(f"{family}.")]
    assert wrong == []


def test_every_sum_can_be_redone(findings: dict[str, list[AuditFinding]]) -> None:
    summed = [found for all_found in findings.values() for found in all_found if found.formula]
    assert len(summed) > 30
    for found in summed:
        redo(found)


@pytest.mark.parametrize("name", NEEDED)
def test_no_finding_repeats_what_it_warns_of(findings: dict[str, list[AuditFinding]], name: str) -> None:
    told = " ".join(found.model_dump_json() for found in findings[name])
    assert "/Users/" not in told
    assert "admin123" not in told


def test_one_document_is_earlier_than_one_other(documents: dict[str, Document]) -> None:
    before = {
        name: [other.file[:3] for other in earlier_than(one, documents.values())] for name, one in documents.items()
    }
    assert before == {"000": ["001"], "001": [], "002": [], "003": [], "004": []}
