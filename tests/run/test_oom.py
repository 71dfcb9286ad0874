from pathlib import Path

from verify.run.oom import memory_kills


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_kills_are_counted_in_a_group_of_version_2(tmp_path: Path) -> None:
    groups = write(tmp_path / "cgroup", "0::/job\n")
    write(tmp_path / "mount/job/memory.events", "low 0\noom 3\noom_kill 2\n")
    assert memory_kills(groups, tmp_path / "mount") == 2


def test_kills_are_counted_in_a_group_of_version_1(tmp_path: Path) -> None:
    groups = write(tmp_path / "cgroup", "3:cpu,cpuacct:/\n8:memory:/job\n")
    write(tmp_path / "mount/memory/job/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n")
    assert memory_kills(groups, tmp_path / "mount") == 5


def test_no_control_group_means_no_kills_known(tmp_path: Path) -> None:
    assert memory_kills(tmp_path / "absent", tmp_path) == 0
    assert memory_kills(write(tmp_path / "cgroup", "0::/\n"), tmp_path) == 0
