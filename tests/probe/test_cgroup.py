from collections.abc import Callable
from pathlib import Path

import pytest

from verify.probe import cgroup

GIB = 2**30
V2 = "0::/job/step\n"
V1 = "9:name=systemd:/job\n8:memory:/job\n3:cpu,cpuacct:/job\n0::/job\n"

Tree = Callable[[str, dict[str, str]], tuple[Path, Path]]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A machine's control groups: what /proc/self/cgroup says, and files below the mount."""

    def make(own: str, files: dict[str, str]) -> tuple[Path, Path]:
        (tmp_path / "own").write_text(own)
        for name, text in files.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        return tmp_path / "own", tmp_path / "mount"

    return make


def test_version_2_is_bound_by_the_least_limit_on_the_way_up(tree: Tree) -> None:
    found = tree(V2, {"job/step/memory.max": "max", "job/memory.max": str(2 * GIB), "memory.max": str(8 * GIB)})
    assert cgroup.memory_limit_bytes(*found) == 2 * GIB


def test_version_1_is_bound_by_its_own_group(tree: Tree) -> None:
    limits = {"memory/job/memory.limit_in_bytes": str(GIB), "memory/memory.limit_in_bytes": "9223372036854771712"}
    assert cgroup.memory_limit_bytes(*tree(V1, limits)) == GIB


@pytest.mark.parametrize(
    ("own", "name"), [("0::/far/away\n", "memory.max"), ("4:memory:/docker/5f\n", "memory/memory.limit_in_bytes")]
)
def test_a_container_that_is_told_its_path_outside_finds_its_limit_at_the_mount(
    tree: Tree, own: str, name: str
) -> None:
    assert cgroup.memory_limit_bytes(*tree(own, {name: "67108864"})) == 64 * 2**20


def test_version_2_beside_version_1_is_one_folder_below(tree: Tree) -> None:
    found = tree("0::/job\n", {"unified/job/memory.max": str(GIB), "memory.max": "1"})
    assert cgroup.memory_limit_bytes(*found) == GIB


@pytest.mark.parametrize("text", ["max", "9223372036854771712", "", "unreadable"])
def test_what_is_no_limit_is_none(tree: Tree, text: str) -> None:
    found = tree(V2, {"job/step/memory.max": text})
    assert cgroup.memory_limit_bytes(*found) is None
    assert cgroup.memory_left_bytes(*found) is None


def test_without_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    nowhere = tmp_path / "absent", tmp_path / "mount"
    assert cgroup.memory_limit_bytes(*nowhere) is None
    assert cgroup.processors_allowed(*nowhere) is None
    assert cgroup.withheld_seconds(*nowhere) == 0


def test_the_group_of_another_container_is_not_looked_for(tree: Tree) -> None:
    assert cgroup.memory_limit_bytes(*tree("0::/../other\n", {"memory.max": str(GIB)})) == GIB


@pytest.mark.parametrize(
    ("own", "folder", "names", "stat"),
    [
        (V2, "job/", ("memory.max", "memory.current"), "anon 5\ninactive_file 100"),
        (
            V1,
            "memory/job/",
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
            "inactive_file 7\ntotal_inactive_file 100",
        ),
    ],
)
def test_pages_of_files_that_can_be_dropped_are_left(
    tree: Tree, own: str, folder: str, names: tuple[str, str], stat: str
) -> None:
    files = {f"{folder}{names[0]}": "1000", f"{folder}{names[1]}": "600", f"{folder}memory.stat": stat}
    assert cgroup.memory_left_bytes(*tree(own, files)) == 500


def test_a_group_above_that_is_nearly_full_leaves_less(tree: Tree) -> None:
    inner = {"job/step/memory.max": "1000", "job/step/memory.current": "100"}
    outer = {"job/memory.max": "2000", "job/memory.current": "1900"}
    assert cgroup.memory_left_bytes(*tree(V2, inner | outer)) == 100
    assert cgroup.memory_left_bytes(*tree(V2, {**inner, **outer, "job/memory.current": "2100"})) == 0


@pytest.mark.parametrize(
    ("own", "files", "allowed"),
    [
        (V2, {"job/step/cpu.max": "150000 100000"}, 1.5),
        (V2, {"job/step/cpu.max": "max 100000", "job/cpu.max": "400000 100000"}, 4),
        (V2, {"job/step/cpu.max": "max 100000"}, None),
        (V1, {"cpu/job/cpu.cfs_quota_us": "50000", "cpu/job/cpu.cfs_period_us": "100000"}, 0.5),
        (V1, {"cpu,cpuacct/job/cpu.cfs_quota_us": "-1", "cpu,cpuacct/job/cpu.cfs_period_us": "100000"}, None),
        (V1, {"cpu/job/cpu.cfs_quota_us": "50000", "cpu/job/cpu.cfs_period_us": "0"}, None),
    ],
)
def test_a_quota_of_processor_time_is_told_in_processors(
    tree: Tree, own: str, files: dict[str, str], allowed: float | None
) -> None:
    assert cgroup.processors_allowed(*tree(own, files)) == allowed


@pytest.mark.parametrize(
    ("own", "files", "seconds"),
    [
        (V2, {"job/step/cpu.stat": "usage_usec 9\nnr_throttled 2\nthrottled_usec 1500000"}, 1.5),
        (V1, {"cpu/job/cpu.stat": "nr_periods 9\nnr_throttled 2\nthrottled_time 2500000000"}, 2.5),
        (V2, {"job/step/cpu.stat": "usage_usec 9\nuser_usec 9"}, 0),
    ],
)
def test_time_that_a_quota_withheld_is_told_in_seconds(
    tree: Tree, own: str, files: dict[str, str], seconds: float
) -> None:
    assert cgroup.withheld_seconds(*tree(own, files)) == seconds
