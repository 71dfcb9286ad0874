"""Lines that tell of the machine, its moment, and what is installed."""

import re
from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from verify.claims.claim import Machine, Moment, Pinned
from verify.claims.figures import Context
from verify.claims.narrowing import CHIP, GPU

_F = re.IGNORECASE | re.ASCII
_KEY = re.compile(
    r"^\W*(?:测试环境|环境|硬件|平台|测试平台|GPU|显卡|CUDA|驱动|操作系统|系统|内存|显存"
    r"|处理器|芯片|设备|虚拟环境|软件环境?"
    r"|Python|PyTorch|torch"
    r"|hardware|platform|machine|environment|driver|software"
    r"|OS|operating system|system|memory|VRAM|RAM|CPU|processor|chip|device)"
    r"(?:\s*(?:版本|version|型号|model|配置))?\s*(?:\([^)]*\))?\s*:",
    re.IGNORECASE,
)
_YOURS = re.compile(r"您的|你的|\byour\b|\bMac(?:Book)? ", re.IGNORECASE)
_CHIP = re.compile(f"({CHIP})", re.ASCII)
_GPU = re.compile(GPU, _F)
_CORES = re.compile(r"(\d{1,5})\s*(?:核心?|[ -]?cores?)\s*(?:的\s*)?GPU|GPU[^\d]{0,8}(\d{1,5})\s*(?:核|cores?)", _F)
_MEMORY = re.compile(r"(\d{1,5}(?:\.\d+)?)\s*(?:GB|GiB|G)(?![A-Za-z/])", _F)
_RAM = re.compile(r"(\d{1,5}(?:\.\d+)?)\s*G(?:i?B)?\s*(?:RAM|内存|(?:unified |system )?memory)", _F)
_KERNEL = re.compile(r"(Darwin \d+(?:\.\d+)+|(?<=Linux )\d+\.\d+\.\d[\w.-]*)", _F)
_SYSTEM = re.compile(r"\b(macOS|Linux|Windows|Ubuntu|Debian|CentOS)\b(?: (\d+(?:\.\d+)*)(?![\w.]*-))?", _F)
_DRIVER = re.compile(r"(?:驱动|driver)(?:版本| version)?\s*:?\s*(\d+(?:\.\d+)+)", _F)
_CUDA = re.compile(r"CUDA(?:版本| version)?\s*:?\s*(\d+(?:\.\d+)+)", _F)
_PYTHON = re.compile(r"Python(?:版本| version)?\s*:?\s*(\d+(?:\.\d+)+)", _F)
_BUILT = re.compile(r"torch|built|build|支持", re.IGNORECASE)
_OF_GPU = re.compile(r"显存|VRAM|GPU memory|video memory", re.IGNORECASE)

_TORCH = {"pytorch": "torch"}
_PACKAGES = (
    "pytorch|torch|torchvision|torchaudio|transformers|tokenizers|peft|accelerate|datasets|mlx|mlx-lm|mlx_lm|numpy"
    "|pandas|scipy|bitsandbytes|flash-attn|triton|deepspeed|xformers|safetensors|sentencepiece|jax|tensorflow|trl|vllm"
)
_TOLD = re.compile(rf"\b({_PACKAGES})\s*(?:版本|version)?\s*[: ]\s*v?(\d+(?:\.(?:\d+|x))+[\w.+-]*)", _F)
_REQUIRED = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]{0,60})==(\d[\w.+!-]{0,30})", re.ASCII)
_DEPENDENCIES = re.compile(r"依赖|dependenc|requirements|packages", re.IGNORECASE)
_ITEM = re.compile(r"^([A-Za-z][\w-]{1,40})\s*(?:\(|$)", re.ASCII)

_MOMENT = re.compile(
    r"(?<![\w/-])(\d{4})(?:-|/|年)(\d{1,2})(?:-|/|月)(\d{1,2})日?"
    r"(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?\s*(AM|PM)?)?\s*(PST|PDT|EST|EDT|CST|CET|CEST|UTC|GMT|Z)?(?![\w-])",
    re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6})\.?"
_NAMED_DAY = re.compile(rf"\b{_MONTH} (\d{{1,2}}),? (\d{{4}})\b|\b(\d{{1,2}}) {_MONTH},? (\d{{4}})\b", _F)
# CST is both China's and America's: it names no offset.
_ZONES = {"PST": "-08:00", "PDT": "-07:00", "EST": "-05:00", "EDT": "-04:00", "CET": "+01:00", "CEST": "+02:00"}
_ZONES |= {"UTC": "+00:00", "GMT": "+00:00", "Z": "+00:00"}
_NOON = 12


def machine(text: str, context: Context) -> Machine | None:
    """What a line tells of the machine that the report is of."""
    keyed = _KEY.match(text)
    if keyed is None and not _YOURS.search(text):
        return None
    gpu, chip = _GPU.search(text), _CHIP.search(text)
    ram, own_memory = _memories(text, of_gpu=gpu is not None) if keyed else (None, None)
    system, cores, kernel = _SYSTEM.search(text), _CORES.search(text), _first(_KERNEL, text)
    cuda = _first(_CUDA, text)
    told = Machine(
        place=context.place,
        chip=_bare(chip[1]) if chip else None,
        gpu=_bare(gpu[0]) if gpu else None,
        gpu_cores=int(cores[1] or cores[2]) if cores else None,
        memory_gb=ram,
        gpu_memory_gb=own_memory,
        system=system[0].strip() if system else None,
        kernel=kernel,
        driver=_first(_DRIVER, text),
        cuda=cuda,
        cuda_is="" if cuda is None else _which_cuda(text, context),
        python=_first(_PYTHON, text),
    )
    return told if told != Machine(place=context.place) else None


def pinned(text: str, context: Context) -> Iterator[Pinned]:
    """Packages and versions that a line tells of; in a list of dependencies also those without a version."""
    found = [*_TOLD.finditer(text), *_REQUIRED.finditer(text)]
    for match in found:
        name = match[1].lower().replace("_", "-")
        yield Pinned(context.place, _TORCH.get(name, name), match[2])
    listed = _ITEM.match(text)
    if not found and listed and any(map(_DEPENDENCIES.search, context.around[:2])):
        yield Pinned(context.place, listed[1].lower(), "")


def moments(text: str, context: Context) -> Iterator[Moment]:
    """Dates and times, with the zone where one is named."""
    for named in _NAMED_DAY.finditer(text):
        month = _MONTHS.index((named[1] or named[5])[:3].lower()) + 1
        told = _day(int(named[3] or named[6]), month, int(named[2] or named[4]))
        if told:
            yield Moment(context.place, named[0], told.isoformat())
    for found in _MOMENT.finditer(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
        if found[7]:
            hour = hour % _NOON + (_NOON if found[7] == "PM" else 0)
        try:
            told = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone follows as text
        except ValueError:
            continue
        iso = told.isoformat() if found[4] else told.date().isoformat()
        yield Moment(context.place, found[0].strip(), iso + (_ZONES.get(found[8] or "", "") if found[4] else ""))


def _memories(text: str, *, of_gpu: bool) -> tuple[float | None, float | None]:
    """The machine's memory and that of a GPU; where one figure could be either, a GPU that is named has it."""
    sizes = [float(size) for size in _MEMORY.findall(text)]
    ram = _first(_RAM, text)
    if ram is not None and not _OF_GPU.search(text):
        rest = [size for size in sizes if size != float(ram)]
        return float(ram), rest[0] if rest and of_gpu else None
    first = sizes[0] if sizes else None
    return (None, first) if of_gpu or _OF_GPU.search(text) else (first, None)


def _which_cuda(text: str, context: Context) -> Literal["runtime", "build", ""]:
    if _BUILT.search(text):
        return "build"
    return "runtime" if any(re.search("硬件|hardware|驱动|driver", words) for words in context.around) else ""


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[1] if found else None


def _bare(name: str) -> str:
    return name.removeprefix("Apple ").strip()
