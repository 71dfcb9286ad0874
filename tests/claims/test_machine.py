"""The machine, the moment, and what is installed."""

# ruff: noqa: RUF001 - Chinese is written with wide punctuation

import pytest

from tests.claims.written import claim, read
from verify.claims.claim import Machine, Place

HERE = Place("old.md", 1)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            "**测试环境**: Apple M3 Max (96GB RAM) / macOS Darwin 24.1.0",
            Machine(HERE, chip="M3 Max", memory_gb=96, system="macOS", kernel="Darwin 24.1.0"),
        ),
        ("- Hardware: Mac M2 Pro, 19-core GPU, 32GB memory", Machine(HERE, chip="M2 Pro", gpu_cores=19, memory_gb=32)),
        ("- **硬件**: Mac M2，10 核 GPU，24GB 内存", Machine(HERE, chip="M2", gpu_cores=10, memory_gb=24)),
        (
            "**Platform**: NVIDIA GeForce RTX 3090 Ti (24GB)",
            Machine(HERE, gpu="NVIDIA GeForce RTX 3090 Ti", gpu_memory_gb=24),
        ),
        (
            "Hardware: 2x NVIDIA A100 80GB, 64-core EPYC, 256 GB RAM",
            Machine(HERE, gpu="NVIDIA A100", gpu_memory_gb=80, memory_gb=256),
        ),
        ("GPU: NVIDIA H100", Machine(HERE, gpu="NVIDIA H100")),
        ("显存: 24GB", Machine(HERE, gpu_memory_gb=24)),
        ("CUDA版本: 12.8", Machine(HERE, cuda="12.8")),
        ("PyTorch: 2.x (支持 CUDA 12.4)", Machine(HERE, cuda="12.4", cuda_is="build")),
        ("Driver: 570.86.15", Machine(HERE, driver="570.86.15")),
        ("OS: Linux 6.8.0-45-generic", Machine(HERE, system="Linux", kernel="6.8.0-45-generic")),
        ("虚拟环境: venv (Python 3.12)", Machine(HERE, python="3.12")),
    ],
)
def test_a_line_tells_of_the_machine(line: str, told: Machine) -> None:
    assert read(line).machines == (told,)


def test_a_cuda_beside_the_driver_is_the_runtime() -> None:
    (told,) = read("## 硬件\n\nCUDA: 12.8\n").machines
    assert told.cuda_is == "runtime"


def test_memory_of_the_machine_is_all_there_is() -> None:
    assert claim(read("硬件: Mac M2，24GB 内存"), "memory_total").quantity.low == 24


@pytest.mark.parametrize("line", ["The model uses 4 GB", "an A100 would be faster", "Python is a language"])
def test_prose_tells_of_no_machine(line: str) -> None:
    assert not read(line).machines


@pytest.mark.parametrize(
    ("line", "iso"),
    [
        ("Date: 2024-07-09", "2024-07-09"),
        ("日期: 2024年7月9日", "2024-07-09"),
        ("Date: July 9, 2024", "2024-07-09"),
        ("on 9 Jul 2024", "2024-07-09"),
        ("at 2024-07-09 18:05", "2024-07-09T18:05:00"),
        ("at 2024-07-09 06:05 PM PST", "2024-07-09T18:05:00-08:00"),
        ("at 2024-07-09 12:05 AM UTC", "2024-07-09T00:05:00+00:00"),
    ],
)
def test_moments_are_read_with_their_zone(line: str, iso: str) -> None:
    (told,) = read(line).moments
    assert told.iso == iso


@pytest.mark.parametrize("line", ["on 2024-13-41", "Feb 31, 2024", "see REPORT_2024-07-09.md", "version 2024-7"])
def test_what_is_no_date_is_none(line: str) -> None:
    assert not read(line).moments


def test_packages_are_read_from_lines() -> None:
    document = read("PyTorch版本: 2.8.0\n\n```bash\npip install datasets==3.1.0 mlx_lm==0.20.1\n```\n")
    assert [(told.package, told.version) for told in document.pinned] == [
        ("torch", "2.8.0"),
        ("datasets", "3.1.0"),
        ("mlx-lm", "0.20.1"),
    ]


def test_a_dependency_without_a_version_is_told() -> None:
    document = read("### 依赖库\n\n- pyyaml (配置)\n- torch==2.1.0\n")
    assert [(told.package, told.version) for told in document.pinned] == [("pyyaml", ""), ("torch", "2.1.0")]
