"""What is called a peak is one."""

import pytest

from tests.judge.audit.documents import audited, claim, document, machine, rules, statement

M1 = (machine(chip="M1"),)


@pytest.mark.parametrize(("told", "expected"), [("1500", ["peak.wording"]), ("2300", []), ("2500", [])])
def test_near_the_peak_is_nine_tenths_of_some_variant_s(told: str, expected: list[str]) -> None:
    written = document(claim("matmul_rate", told, "GFLOPS"), machines=M1, statements=(statement("near_peak"),))
    assert rules(written) == expected


def test_each_variant_s_share_is_told() -> None:
    written = document(claim("matmul_rate", "1310", "GFLOPS"), machines=M1, statements=(statement("near_peak"),))
    (finding,) = audited(written)
    assert "57.2% of 2,290 or 50.0% of 2,620 GFLOPS" in finding.message


def test_the_peak_is_that_of_the_section_s_own_figure() -> None:
    compute, memory = ("Report", "Compute"), ("Report", "Memory")
    figures = (
        claim("matmul_rate", "2500", "GFLOPS", section=compute), claim("bandwidth", "40", "GB/s", section=memory),
    )  # fmt: skip
    said = statement("near_peak", section=compute), statement("near_peak", section=memory)
    assert rules(document(*figures, machines=M1, statements=said[:1])) == []
    (finding,) = audited(document(*figures, machines=M1, statements=said))
    assert finding.subject == "bandwidth"


@pytest.mark.parametrize(("largest", "expected"), [("1600", ["peak.rising"]), ("1510", [])])
def test_a_figure_that_still_rises_is_no_peak(largest: str, expected: list[str]) -> None:
    sized = [
        claim("matmul_rate", told, "GFLOPS", size=size) for size, told in ((256, "900"), (512, "1500"), (1024, largest))
    ]
    written = document(*sized, claim("matmul_rate", largest, "GFLOPS", bound="peak"), machines=M1)
    assert rules(written) == expected


def test_measured_and_datasheet_values_do_not_share_a_table() -> None:
    table = (
        claim("bandwidth", "55", "GB/s", chip="M1", stated_as="estimated"),
        claim("bandwidth", "200", "GB/s", chip="M2 Pro", stated_as="estimated"),
    )
    assert rules(document(claim("bandwidth", "55", "GB/s"), *table, machines=M1)) == ["peak.mixed"]
    sheet = claim("bandwidth", "68", "GB/s", chip="M1", stated_as="estimated")
    assert rules(document(claim("bandwidth", "55", "GB/s"), sheet, table[1], machines=M1)) == []


def test_what_is_told_beside_others_is_what_was_measured() -> None:
    told = claim("bandwidth", "62", "GB/s", chip="M1", stated_as="estimated", about=True)
    assert rules(document(claim("bandwidth", "51", "GB/s"), told, machines=M1)) == ["peak.rounded_up"]
    assert rules(document(claim("bandwidth", "61", "GB/s"), told, machines=M1)) == []
