"""A fleet's page: who does not hold is on it, however large the fleet."""

from tests.fleet.test_page import fleet
from verify.render.fleet import MOST_ROWS, headline, markdown, text
from verify.report.fleet import Fleet, Node


def large(count: int = 10_000) -> Fleet:
    nodes = [Node(name=f"n{number}", state="certified", seconds=600) for number in range(count)]
    nodes[17] = Node(name="n17", state="crashed", reason="signal 11, SIGSEGV")
    return fleet().model_copy(update={"nodes": tuple(nodes), "outliers": (), "figures": ()})


def test_the_first_line_has_the_denominator() -> None:
    assert headline(fleet()) == "12 of 13 nodes hold: 12 certified, 1 not run"
    assert text(fleet()).startswith("12 of 13 nodes hold")
    assert markdown(fleet()).startswith("# Fleet gpu: 12 of 13 nodes hold")


def test_who_does_not_hold_and_who_stands_out_are_told_with_the_reason() -> None:
    for page in (text(fleet()), markdown(fleet())):
        assert "Slurm has it as down: a fan" in page
        assert "others worked" in page
        assert "1 figure" in page


def test_of_a_large_fleet_only_what_matters_is_listed() -> None:
    for page in (text(large()), markdown(large())):
        assert "9,999 of 10,000 nodes hold" in page
        assert "n17" in page
        assert "9,999 others hold, and stand out in nothing" in page
        assert page.count("\n") < 2 * MOST_ROWS


def test_a_worse_node_is_on_the_left_whichever_way_is_better() -> None:
    for direction, left in (("lower", "+"), ("higher", "-")):
        made = fleet()
        figure = made.figures[0].model_copy(update={"direction": direction})
        page = text(made.model_copy(update={"figures": (figure,)}))
        (line,) = [line for line in page.split("\n") if "█" in line]
        assert line.split("  ")[-1].startswith(left)


def test_what_a_node_says_stays_inert() -> None:
    hostile = "\x1b[31m<script>|[x](http://x)\u202e\n# certified"
    nodes = (*fleet().nodes, Node(name="n\x1b[2J", state="crashed", reason=hostile))
    made = fleet().model_copy(update={"nodes": nodes, "notes": (hostile,), "partition": hostile})
    for page in (text(made), markdown(made)):
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "\n# certified" not in page
    assert "<script>" not in markdown(made)
