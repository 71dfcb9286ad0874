"""Units as authors write them, English and Chinese, and what they are worth in the canonical one."""

import re
from typing import NamedTuple

from verify.claims.claim import Unit


class Written(NamedTuple):
    """A canonical unit, and how many of it the written one is."""

    unit: Unit
    worth: float


_SECOND = r"(?i:s|secs?|seconds?|秒)"
_TIMES = {
    r"ns|纳秒": 1e-9,
    r"us|µs|μs|微秒": 1e-6,
    r"ms|毫秒|milliseconds?": 1e-3,
    r"s|(?i:secs?|seconds?)|秒钟?": 1.0,
    r"(?i:min|mins|minutes?)|分钟": 60.0,
    r"h|(?i:hrs?|hours?)|小时": 3600.0,
    r"days?|天": 86400.0,
    r"weeks?|周": 604800.0,
}
# A time may be said of each batch, step or iteration; it stays a time.
_EACH = r"(?:\s*/\s*(?:batch|batches|step|it|iter|iteration|epoch|sample|token|批次?|步|轮|次))?"
_RATES: dict[str, Written] = {
    rf"(?i:samples?|examples?|images?|样本|条)\s*/\s*{_SECOND}": Written("samples/s", 1),
    rf"(?i:tokens?|toks?|词元)\s*/\s*{_SECOND}": Written("tokens/s", 1),
    rf"(?i:its?|iters?|iterations?|steps?|步|次迭代)\s*/\s*{_SECOND}": Written("it/s", 1),
    r"(?i:parameters|params|参数)\s*/\s*(?:ms|毫秒)": Written("parameters/ms", 1),
    rf"(?i:parameters|params|参数)\s*/\s*{_SECOND}": Written("parameters/s", 1),
    r"(?:tokens?|词元)\s*/\s*(?:J|焦耳?)": Written("tokens/J", 1),
    r"(?:samples?|样本)\s*/\s*(?:J|焦耳?)": Written("samples/J", 1),
}
_PREFIXES = {"K": 1e-6, "M": 1e-3, "G": 1.0, "T": 1e3, "P": 1e6}
_BINARY = {"Ki": 2.0**-20, "Mi": 2.0**-10, "Gi": 1.0, "Ti": 2.0**10}
_OTHERS: dict[str, Written] = {
    r"%|percent|个百分点": Written("%", 1),
    r"[xX\u00d7](?![A-Za-z0-9_\u00d7])|倍|times(?=\s+(?:faster|slower|as))|-?fold": Written("x", 1),
    r"mW": Written("W", 1e-3),
    r"W|watts?|瓦特?": Written("W", 1),
    r"kW": Written("W", 1e3),
    r"J|joules?|焦耳?": Written("J", 1),
    r"°C|℃": Written("°C", 1),
    r"MHz": Written("MHz", 1),
    r"GHz": Written("MHz", 1e3),
    r"nats?": Written("nat", 1),
    r"美元|USD|dollars?": Written("USD", 1),
    r"元|CNY|RMB": Written("CNY", 1),
    r"EUR|欧元": Written("EUR", 1),
}
# A rate whose subject is left to the words around it: "2,330/s".
BARE_RATE = rf"/\s*{_SECOND}"


def _table() -> dict[str, Written]:
    table = dict(_RATES)
    for prefix, worth in _PREFIXES.items():
        table[rf"{prefix}(?i:flops|flop/s|flops/s)"] = Written("GFLOPS", worth)
        table[rf"{prefix}B\s*/\s*{_SECOND}"] = Written("GB/s", worth)
        table[rf"{prefix}(?:b|bit)\s*/\s*{_SECOND}|{prefix}bps"] = Written("Gb/s", worth)
        table[rf"{prefix}B"] = Written("GB", worth)
    for prefix, worth in _BINARY.items():
        table[rf"{prefix}B\s*/\s*{_SECOND}"] = Written("GiB/s", worth)
        table[rf"{prefix}B"] = Written("GiB", worth)
    table |= {f"(?:{names}){_EACH}": Written("s", worth) for names, worth in _TIMES.items()}
    return table | _OTHERS


_UNITS = _table()
_END = r"(?![A-Za-z])"
_COMPILED = tuple((re.compile(rf"(?:{pattern}){_END}"), written) for pattern, written in _UNITS.items())
# A head names its unit in parentheses, after a comma, or is one: other words may only look like a unit.
_NAMED = re.compile(r"[(\[]\s*([^()\[\]]{1,24}?)\s*[)\]]|([A-Za-z]+/[A-Za-z]+|[KMGTP](?i:flops)|^GB|%)")
_BARE = re.compile(BARE_RATE + _END)


def unit_at(text: str, position: int) -> tuple[int, Written] | None:
    """Where the unit that is written at a position ends, and which it is; the longest one that fits."""
    matches = ((found.end(), written) for pattern, written in _COMPILED if (found := pattern.match(text, position)))
    return max(matches, key=lambda match: match[0], default=None)


def bare_rate_at(text: str, position: int) -> int | None:
    """Where a rate without a subject ends, if one is written at a position."""
    found = _BARE.match(text, position)
    return found.end() if found else None


def unit_in(text: str) -> Written | None:
    """The unit that a column's head or a label names: of ``Speed (It/sec)`` iterations a second."""
    for found in _NAMED.finditer(text):
        word = next(filter(None, found.groups()))
        at = unit_at(word, 0)
        if at and at[0] == len(word) and at[1].unit != "x":
            return at[1]
    return None
