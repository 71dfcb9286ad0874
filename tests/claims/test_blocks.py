"""Markdown becomes lines, tables and fences that know where they stand."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

from verify.claims.blocks import Fence, Line, Table, blocks, plain


def test_a_line_knows_its_headings_and_its_labels() -> None:
    text = "# A\n\n## B\n\nSettings:\n\n- Outer:\n  - inner: 3\n- last\n\nafter\n\n## C\n\nx\n"
    lines = {block.text: block for block in blocks(text) if isinstance(block, Line)}
    assert lines["inner: 3"].spot.section == ("A", "B")
    assert lines["inner: 3"].spot.labels == ("Settings:", "Outer:")
    assert lines["last"].spot.labels == ("Settings:",)
    assert lines["after"].spot.labels == ()
    assert lines["x"].spot.section == ("A", "C")
    assert {name: line.spot.line for name, line in lines.items()} == {
        "A": 1, "B": 3, "Settings:": 5, "Outer:": 7, "inner: 3": 8, "last": 9, "after": 11, "C": 13, "x": 15,
    }  # fmt: skip


def test_a_label_leads_when_something_follows_it() -> None:
    leads = {block.text: block.leads for block in blocks("One:\n\n- x\n\nTwo:\n\n# End:\n") if isinstance(block, Line)}
    assert leads == {"One:": True, "x": False, "Two:": False, "End:": False}


def test_items_have_their_numbers() -> None:
    items = [block for block in blocks("3. three\n4. four\n   more\n\n- dash\n") if isinstance(block, Line)]
    assert [(item.text, item.number, item.item) for item in items] == [
        ("three", 3, True),
        ("four", 4, True),
        ("more", None, False),
        ("dash", None, True),
    ]


def test_tables_and_fences_know_their_lines() -> None:
    table, fence = blocks("| a | b |\n|---|---|\n| 1 | `2` |\n\n~~~Python title\nx\n\ny\n~~~\n")
    assert isinstance(table, Table)
    assert (table.head, table.spot.line) == (("a", "b"), 1)
    assert [(row.line, row.cells) for row in table.rows] == [(3, ("1", "2"))]
    assert isinstance(fence, Fence)
    assert (fence.language, fence.spot.line, fence.lines) == ("python", 6, ("x", "", "y"))


def test_markup_is_stripped_and_wide_characters_are_narrowed() -> None:
    assert plain("**损失**：`1.5`（见[图](a.png)）～2\u22123") == "损失:1.5(见图)~2-3"
    assert plain("__init__ a * b 2*3*4") == "__init__ a * b 2*3*4"
