"""A stored report is judged by its bytes, its page and the rules of today; and not again while these are the same."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import examples
from tests.report.histories import append, fine
from verify.errors import UsageError
from verify.language.speech import speaking
from verify.render import markdown
from verify.report import history
from verify.report.canonical import seal, stored_text
from verify.report.read import read_report
from verify.report.versions import AnyReport
from verify.run.judging import Examined, Judged, Standards, context_of, examine, page_doubts, standards_of

Change = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with policies and environments."""
    for part in ("envs", "policy"):
        shutil.copytree(examples.ROOT / part, tmp_path / part)
    return tmp_path


def of_today(standards: Standards, **changes: Any) -> AnyReport:
    """A report that the rules and renderers at hand made."""
    draft = examples.draft(**changes)
    return examples.with_verdict(
        draft.model_copy(update={"suite": draft.suite.model_copy(update={"digest": standards.suite})})
    )


def once(root: Path, path: Path, remembered: Judged | None = None) -> Examined:
    """What comes of one report."""
    (examined,) = examine(standards_of(root), [(path, remembered)])
    return examined


def rules(examined: Examined) -> list[str]:
    """What was found."""
    assert examined.judged
    return [finding.rule for finding in examined.judged.findings]


def test_what_is_remembered_of_the_same_bytes_is_not_asked_again(root: Path) -> None:
    path = append(root)
    first = once(root, path)
    assert first.anew
    assert first.looked.place
    assert first.looked.place.path == path
    marked = dataclasses.replace(first.judged or Judged("", ()), findings=())
    again = once(root, path, marked)
    assert (again.anew, again.judged, again.looked) == (False, marked, first.looked)


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_bytes(path.read_bytes().replace(b"macOS", b"macos")),
        lambda path: path.with_suffix(".md").write_text("another"),
        lambda path: path.with_suffix(".md").unlink(),
    ],
)
def test_other_bytes_or_another_page_are_judged_anew(root: Path, change: Change) -> None:
    path = append(root)
    first = once(root, path)
    change(path)
    assert once(root, path, first.judged).anew


@pytest.mark.parametrize(
    "change",
    [
        lambda root: lengthen(root / "policy/hardware.toml"),
        lambda root: lengthen(root / "envs/m2.toml"),
        lambda root: (root / "policy/gate.toml").unlink(),
    ],
)
def test_a_changed_policy_or_environment_makes_another_context(root: Path, change: Change) -> None:
    before = context_of(standards_of(root))
    assert context_of(standards_of(root)) == before
    change(root)
    assert context_of(standards_of(root)) != before


def test_changed_sources_make_another_context(root: Path) -> None:
    standards = standards_of(root)
    other = dataclasses.replace(standards, suite="0" * 64)
    assert context_of(other) != context_of(standards)


def test_what_no_longer_has_the_shape_of_a_report_is_damaged_though_its_digest_fits(root: Path) -> None:
    path = append(root)
    report = read_report(path, root)
    wrong = seal(report.model_copy(update={"level": "some"}), report.sequence, report.predecessor)
    path.write_text(stored_text(wrong))
    assert rules(once(root, path)) == ["integrity.damaged"]


def test_what_cannot_even_be_placed_is_the_historys_to_tell(root: Path) -> None:
    path = append(root)
    path.write_text("{")
    examined = once(root, path)
    assert (examined.judged, examined.anew, examined.looked.place) == (None, False, None)
    assert [finding.rule for finding in examined.looked.findings] == ["history.damaged"]


def test_the_page_beside_a_report_may_be_in_either_language(root: Path) -> None:
    standards = standards_of(root)
    with speaking("zh"):
        path = history.append(root, of_today(standards), render=markdown.render, audit=fine)
    report, page = read_report(path, root), path.with_suffix(".md")
    assert "存档信息" in page.read_text(encoding="utf-8")
    assert page_doubts(path, report, standards) == []
    with speaking("zh"):
        page.write_text(markdown.render(report).replace("通过", "失败"), encoding="utf-8")
    assert [finding.rule for finding in page_doubts(path, report, standards)] == ["history.page"]


def test_the_page_beside_a_report_says_what_the_report_says(root: Path) -> None:
    standards = standards_of(root)
    path = history.append(root, of_today(standards), render=markdown.render, audit=fine)
    report, page = read_report(path, root), path.with_suffix(".md")

    def told() -> list[str]:
        return [finding.rule for finding in page_doubts(path, report, standards)]

    text = page.read_text()
    assert told() == []
    page.write_text(text.replace("m2", "m4"))
    assert told() == ["history.page"]
    page.unlink()
    assert told() == ["history.missing"]
    (root / "page.md").write_text(text)
    page.symlink_to(root / "page.md")
    assert told() == ["history.page"]
    page.unlink()
    page.mkdir()
    assert told() == ["history.page"]


def test_a_page_of_other_renderers_is_not_made_again(root: Path) -> None:
    path = append(root)
    path.with_suffix(".md").write_text("as it was then")
    assert page_doubts(path, read_report(path, root), standards_of(root)) == []


def test_an_environment_that_is_wrong_is_told_only_where_a_report_is_of_it(root: Path) -> None:
    (root / "envs/broken.toml").write_text("[")
    path = append(root)
    once(root, path)
    (root / "envs/m2.toml").write_text("[")
    with pytest.raises(UsageError, match=r"envs/m2\.toml"):
        once(root, path)


def lengthen(path: Path) -> None:
    """Change a file without changing what it says."""
    path.write_bytes(path.read_bytes() + b"\n")
