"""The page as a browser reads it."""

import base64
import hashlib
import json
import re

import pytest

from tests import examples
from tests.render.html.reader import Reader
from tests.render.test_golden import REPORTS, refused
from tests.render.test_hostile import HOSTILE, control_characters, filled
from verify.render.html.page import render
from verify.render.html.templates import _samples_of
from verify.report import v3
from verify.report.history import FOLDER, environments, read_stored, stored

KIBIBYTE = 1024


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_asks_nothing_of_any_network_and_runs_nothing(name: str) -> None:
    read = Reader(render(REPORTS[name]()))
    assert not {"script", "img", "link", "iframe", "object", "embed", "form", "base"} & set(read.tags)
    for _, attribute, value in read.attributes:
        assert not attribute.startswith("on")
        assert attribute not in ("src", "srcset", "style", "action", "formaction", "background")
        assert attribute != "href" or value.startswith("#")


@pytest.mark.parametrize("payload", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_does_not_change_the_shape_of_a_page(payload: str) -> None:
    plain, hostile = (Reader(render(filled(word))) for word in ("harmless", payload))
    assert plain.tags == hostile.tags
    assert [(tag, name) for tag, name, _ in plain.attributes] == [(tag, name) for tag, name, _ in hostile.attributes]
    assert control_characters(hostile.raw) == set()


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    page = render(examples.report())
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [value for tag, name, value in Reader(page).attributes if (tag, name) == ("meta", "content")][:1]
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_link_leads_somewhere() -> None:
    for make in REPORTS.values():
        read = Reader(render(make()))
        places = {value for _, name, value in read.attributes if name == "id"}
        links = {value.removeprefix("#") for tag, name, value in read.attributes if (tag, name) == ("a", "href")}
        assert links <= places


def test_a_place_has_one_name() -> None:
    for make in REPORTS.values():
        places = [value for _, name, value in Reader(render(make())).attributes if name == "id"]
        assert len(places) == len(set(places))


def test_the_verdict_and_what_to_do_next_come_first() -> None:
    text = Reader(render(refused())).text
    begin = text.index("✗ refused")
    assert begin < text.index("This machine is not what m2 promises") < text.index("Next: a.failed")
    assert text.index("Next: a.failed") < text.index("Compare the pins with the last certified lock.")


def test_what_is_excused_is_not_what_to_do_next() -> None:
    text = Reader(render(examples.report())).text
    assert "Next: certify again while nothing else runs" in text
    assert "2 findings are of figures that something disturbed, the first: bandwidth.copy[mps]" in text
    assert "Next: quantization" not in text


def test_a_quick_look_certifies_nothing() -> None:
    text = Reader(render(examples.report("v1"))).text
    assert "not judged" in text
    assert "it certifies nothing" in text


def test_every_sample_of_a_benchmark_is_on_the_page() -> None:
    text = Reader(render(examples.report())).text
    assert "352 357 349" in text


def test_what_a_check_noted_stands_above_its_figures() -> None:
    rows = Reader(render(examples.report())).text.partition("lora.gpt2_has_its_adapters noted: ")[2]
    assert rows.startswith("alpha 16; rank 8 "), rows[:100]


def test_a_number_tells_what_a_share_is_of() -> None:
    raw = render(REPORTS["roofline"]())
    cells = re.findall(r"% of attainable<sup>([0-9]+)</sup>", raw)
    told = re.findall(r"<li>(.+?)</li>", raw.partition("Attainable by what")[2].partition("</ol>")[0])
    assert told[0] == "the best seen here (matmul.rate[cpu])"
    assert len(set(told)) == len(told)
    assert set(cells) == {"1", "2", "3", "4"}


def test_conditions_are_told_once_for_figures_that_follow_each_other() -> None:
    sizes = (512, 512, 1024, 512)
    figures = [examples.measured("rate", [float(size)], "1/s", conditions={"n": size}) for size in sizes]
    timed = examples.result("matmul.rate", "cpu", kind="benchmark", measurements=figures)
    raw = render(examples.report(results=[*examples.results(), timed]))
    rows = raw.partition("<code>matmul.rate[cpu]</code></tr>")[2].partition("</tbody>")[0]
    assert re.findall(r"<td>(n [0-9,]+|as above)<td>", rows) == ["n 512", "as above", "n 1,024", "n 512"]


def test_samples_above_a_thousand_are_written_without_an_exponent() -> None:
    figure = v3.Measurement.model_validate_json(json.dumps(examples.measured("rate", [1794.25, 909.6, 2e6], "1/s")))
    assert _samples_of(figure) == "1794 910 2e+06"


def test_pages_of_real_certificates_are_small() -> None:
    paths = [path for name in environments(examples.ROOT) for path in stored(examples.ROOT, name)]
    sizes = [len(render(read_stored(path, examples.ROOT)).encode()) for path in paths]
    assert sizes, f"{FOLDER}/ holds no report"
    assert max(sizes) <= 300 * KIBIBYTE
