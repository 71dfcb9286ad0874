"""An audit of the history reads every byte each time, and asks the rules only where something is new."""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests import examples
from tests.report.histories import append
from verify.claims.finding import Audited, AuditFinding
from verify.render import markdown
from verify.report import history
from verify.report.canonical import seal, stored_text
from verify.report.head import head_bytes, head_of
from verify.report.history import stored
from verify.report.place import place_of
from verify.report.read import read_report
from verify.run import auditing
from verify.run.auditing import How, audited_history
from verify.run.judging import context_of, standards_of
from verify.run.memory import FILE, remembering

COUNT = 3
Change = Callable[[Path], object]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a history, of which one page is missing."""
    for part in ("envs", "policy"):
        shutil.copytree(examples.ROOT / part, tmp_path / part)
    paths = [append(tmp_path, number) for number in range(COUNT)]
    paths[1].with_suffix(".md").unlink()
    return tmp_path


@pytest.fixture
def memory(root: Path) -> Path:
    """Where the memory lies."""
    return root / ".environments" / FILE


def rules(audited: Audited) -> list[str]:
    """What was found."""
    return [finding.rule for finding in audited.findings]


def remembered(root: Path, memory: Path) -> int:
    """Of how many reports something is remembered."""
    with remembering(memory, context_of(standards_of(root))) as known:
        return known.size()


def forget_findings(memory: Path) -> None:
    """A memory of which it shows whether it was asked: it knows of every report that nothing was found."""
    with sqlite3.connect(memory) as connection:
        connection.execute("UPDATE judged SET findings = '[]'")
    connection.close()


def test_what_was_found_is_remembered_and_told_every_time(root: Path, memory: Path) -> None:
    first = audited_history(root, How(memory=memory))
    assert rules(first) == ["history.missing"]
    assert told(first) == told(audited_history(root, How(memory=memory))) == told(audited_history(root, How()))
    assert remembered(root, memory) == COUNT


def test_rules_are_asked_once(root: Path, memory: Path) -> None:
    audited_history(root, How(memory=memory))
    forget_findings(memory)
    assert rules(audited_history(root, How(memory=memory))) == []
    assert rules(audited_history(root, How())) == ["history.missing"]


@pytest.mark.parametrize(
    "change",
    [
        lambda root: lengthen(root / "policy/hardware.toml"),
        lambda root: lengthen(root / "envs/m2.toml"),
        lambda root: stored(root, "m2")[1].with_suffix(".md").symlink_to("nowhere"),
    ],
)
def test_what_depends_on_anything_else_is_judged_anew(root: Path, memory: Path, change: Change) -> None:
    audited_history(root, How(memory=memory))
    forget_findings(memory)
    change(root)
    assert rules(audited_history(root, How(memory=memory))) == rules(audited_history(root, How()))


def test_a_new_report_is_judged(root: Path, memory: Path) -> None:
    audited_history(root, How(memory=memory))
    path = append(root, COUNT)
    path.with_suffix(".md").unlink()
    assert rules(audited_history(root, How(memory=memory))) == ["history.missing"] * 2
    assert remembered(root, memory) == COUNT + 1


def test_a_changed_byte_of_a_report_that_is_remembered_is_found(root: Path, memory: Path) -> None:
    audited_history(root, How(memory=memory))
    for path in stored(root, "m2"):
        data = path.read_bytes()
        for offset in range(0, len(data), len(data) // 7):
            path.write_bytes(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :])
            found = audited_history(root, How(memory=memory))
            assert "history.damaged" in rules(found)
            assert [one.rule for one in found.findings if one.subject == f"reports/m2/{path.name}"] == [
                "history.damaged"
            ]
        path.write_bytes(data)
    assert rules(audited_history(root, How(memory=memory))) == ["history.missing"]


def test_a_cut_tail_and_a_head_that_is_gone_are_found_though_all_is_remembered(root: Path, memory: Path) -> None:
    audited_history(root, How(memory=memory))
    last = stored(root, "m2")[-1]
    data = last.read_bytes()
    last.unlink()
    assert "chain.cut" in rules(audited_history(root, How(memory=memory)))
    last.write_bytes(data)
    next((root / "reports/m2").glob("*.head")).unlink()
    assert "history.no_head" in rules(audited_history(root, How(memory=memory)))


def test_what_a_forged_head_counts_is_read_whole_nevertheless(root: Path, memory: Path) -> None:
    path = stored(root, "m2")[-1]
    report = read_report(path, root)
    wrong = seal(report.model_copy(update={"level": "some"}), report.sequence, report.predecessor)
    path.write_text(stored_text(wrong))
    head = next((root / "reports/m2").glob("*.head"))
    head.write_bytes(head_bytes(head_of([place_of(path, root) for path in stored(root, "m2")])))
    for _ in range(2):
        found = audited_history(root, How(memory=memory))
        assert sorted(rules(found)) == ["history.missing", "integrity.damaged"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"no memory at all" * 99),
        lambda file: file.write_bytes(file.read_bytes()[:5000]),
        lambda file: file.write_bytes(file.read_bytes()[:4096] + bytes(8192)),
        lambda file: foreign(file, "CREATE TABLE judged (name TEXT)"),
        lambda file: foreign(file, "CREATE TABLE context (digest TEXT)"),
        lambda file: (file.rename(file.with_name("x")), file.symlink_to("x")),
        lambda file: (file.unlink(), file.symlink_to("nowhere")),
        lambda file: altered(file, "findings = '{'"),
        lambda file: altered(file, "findings = '[{}]'"),
        lambda file: altered(file, "findings = 7, content = x'ff'"),
        lambda file: altered(file, "findings = CAST(x'ff' AS TEXT)"),
        lambda file: altered(file, "findings = NULL"),
    ],
)
def test_a_memory_that_is_damaged_or_none_of_ours_is_made_anew(root: Path, memory: Path, harm: Change) -> None:
    first = audited_history(root, How(memory=memory))
    harm(memory)
    assert told(audited_history(root, How(memory=memory))) == told(first)
    assert not memory.is_symlink()
    assert remembered(root, memory) == COUNT
    assert told(audited_history(root, How(memory=memory))) == told(first)


def foreign(file: Path, statement: str) -> None:
    """Another program's database where the memory was."""
    file.unlink()
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()


def altered(file: Path, setting: str) -> None:
    """A memory whose rows somebody changed."""
    with sqlite3.connect(file) as connection:
        connection.execute(f"UPDATE judged SET {setting}")  # noqa: S608 - of our own making
    connection.close()


@pytest.mark.parametrize(
    "hinder",
    [
        lambda file: file.parent.write_text("no folder"),
        lambda file: file.mkdir(parents=True),
    ],
)
def test_where_nothing_can_be_remembered_nothing_fails(root: Path, memory: Path, hinder: Change) -> None:
    hinder(memory)
    assert rules(audited_history(root, How(memory=memory))) == ["history.missing"]


def test_several_processes_find_what_one_finds_in_the_same_order(
    root: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditing, "MANY", 1)
    monkeypatch.setattr(auditing, "PART", 1)
    for path in stored(root, "m2"):
        path.with_suffix(".md").unlink(missing_ok=True)
    stored(root, "m2")[0].write_text("{}")
    alone = audited_history(root, How(processes=1))
    so_far: list[tuple[int, int]] = []
    beside = audited_history(root, How(processes=2, memory=memory, told=lambda *counted: so_far.append(counted)))
    assert told(beside) == told(alone)
    assert list(beside.looked_at["report"]) == [f"reports/m2/{path.name}" for path in stored(root, "m2")]
    assert so_far == [(done, COUNT) for done in range(1, COUNT + 1)]
    assert rules(alone).count("history.missing") == COUNT - 1


def test_an_empty_history_is_told_as_one(tmp_path: Path, root: Path) -> None:
    shutil.rmtree(root / "reports")
    audited = audited_history(root, How())
    assert (audited.looked_at, audited.findings) == ({"history": ["reports"]}, [])


def told(audited: Audited) -> tuple[dict[str, list[str]], Sequence[AuditFinding]]:
    return {kind: list(names) for kind, names in audited.looked_at.items()}, audited.findings


def lengthen(path: Path) -> None:
    """Change a file without changing what it says."""
    path.write_bytes(path.read_bytes() + b"\n")


def test_a_check_that_is_gone_is_told_from_memory_too(root: Path, memory: Path) -> None:
    """Whether a waiver excuses it is judged each time: its day may be over since."""
    other = examples.with_verdict(examples.draft(results=examples.results()[1:2], id=f"{COUNT:012x}"))
    history.append(root, other, render=markdown.render, audit=lambda _: ())
    for _ in range(2):
        found = audited_history(root, How(memory=memory, today="2026-11-21"))
        assert [one.rule for one in found.findings if one.rule.startswith("counts.")] == ["counts.gone"]
    assert "counts.gone" not in rules(audited_history(root, How(memory=memory)))
    assert remembered(root, memory) == COUNT + 1
