"""Which words say what: a table, English and Chinese; and the marks beside them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from verify.claims.claim import Says


class Said(NamedTuple):
    """Something a clause says; ``denied`` where it says the opposite."""

    says: Says
    denied: bool


_WORDS: tuple[tuple[Says, str], ...] = (
    ("converged", r"收敛(?!性|趋势|效果|速度)|converge[sd]?|convergence"),
    ("falling", r"(?:损失|正常|逐渐|稳步|持续)[^\s,。]{0,4}下降(?!幅度|趋势)|下降到"),
    ("falling", r"\bloss(?:es)? (?:\w+ )?(?:decreas|fell|fall|drop|declin|went down)\w*"),
    ("stable", r"稳定|平稳|\bstabl[ey]\b|\bsteady\b|\bsmooth(?:ly)?\b"),
    ("no_oscillation", r"(?:没有|无|未)(?:出现)?(?:明显)?的?(?:震荡|振荡|波动)|(?:no|without) (?:\w+ )?oscillat\w+"),
    ("learned", r"学会|学到|\blearn(?:ed|t|s)\b"),
    ("generalises", r"泛化|generali[sz]\w+"),
    ("completed", r"(?<!已)完成(?!度)|成功|completed|finished|succe(?:ss\w*|ed\w*)"),
    ("near_peak", r"(?:接近|逼近|达到).{0,20}(?:理论|峰值|上限)"),
    ("near_peak", r"\b(?:near(?:ly)?|close to|approach\w*) .{0,24}(?:peak|theoretical|limit|maximum)"),
    ("fast", r"优秀|极快|很快|(?:表现|性能)良好|达到?预期"),
    ("fast", r"excellent|outstanding|\bfast\b|(?:performance|speed) is good"),
    ("faster", r"更快|提升|加速(?!比|器|框架|已|模型)(?=相反|效果|$)|实际加速"),
    ("faster", r"\bfaster\b|speed-?ups?\b"),
    ("slower", r"慢|降低了?速度|\bslow(?:er|ed)?\b"),
    ("power_efficient", r"能效|低功耗|(?:power|energy)[ -]efficien\w+|performance per watt"),
    ("memory_efficient", r"(?:内存|显存)使用?(?:极|很)?低|节省(?:显存|内存)"),
    ("memory_efficient", r"memory[ -]efficient|low memory|saves? memory"),
    ("efficient", r"(?<!参数)高效|效率高|(?<!parameter[- ])\befficient\b|显著优势"),
    ("memory_limited", r"(?:内存|显存)(?:限制|不足|紧张|有限|不够)"),
    ("memory_limited", r"out of memory|memory (?:limit\w*|constrain\w*)|limited memory|\bOOM\b"),
    ("overhead", r"开销|overhead"),
    ("available", r"可用|已启用|已经可以使用|\bavailable\b|\benabled\b"),
    ("available", r"is_(?:available|built)\(\) ?= ?True"),
    ("available", r"(?P<deny>不存在|does not exist|:\s*关闭|已关闭|\bdisabled\b)"),
    ("supported", r"支持|\bsupport(?:s|ed)?\b|当前未实现|implemented for"),
    ("works", r"正常(?!下降)|可运行|有效果|\bworks?\b|\bworking\b|functional\b|as expected"),
    ("passed", r"(?<![可以])通过(?!率|数| ?[A-Za-z])|\bpassed\b|(?-i:\bPASS\b)"),
    ("passed", r"(?P<deny>(?<!0 )失败|\bfail(?:ed|s|ure)\b|(?-i:\bFAIL\b))"),
    ("integrated", r"集成|实现|integrat(?:ed|ion)|implemented(?! for)"),
    ("tested", r"已测试|经过测试|测试过|成功验证|验证了|已验证|\btested\b|\bverified\b|\bvalidated\b"),
    ("compatible", r"兼容|compatible"),
    ("fallback", r"fallback|降级到|回退"),
    ("saved", r"已保存|成功保存|成功存储|\bsaved\b|\bstored\b"),
    ("ready", r"就绪|开箱即用|配置完成|production[ -]ready|\bready\b|成功配置"),
    ("complete", r"完整(?!梯度|基准)|已完成|\bcomplete\b|comprehensive|安装成功"),
    ("any_size", r"(?:任何|各种|任意|所有)(?:规模|大小|尺寸)"),
    ("any_size", r"\b(?:any|every|all) (?:model )?(?:size|scale)s?|models? of (?:any|all) sizes?"),
    ("comparable", r"可比|相当于|媲美|comparable|on par"),
    ("unexpected", r"意外|未达预期|不理想|相反|unexpected|below expectations|disappointing"),
    ("recommended", r"推荐|建议|适合(?!优化)|适用于|优先使用|⭐|\brecommend(?:s|ations?)?\b|suitable|suggest\w*"),
    ("recommended", r"(?P<deny>避免|谨慎|不适合|avoid\b)"),
    ("planned", r"计划|待优化|需更新|需完善|需要针对|\bTODO\b|\bplanned\b|to be done"),
)  # fmt: skip

_SAYS = tuple((says, re.compile(pattern, re.IGNORECASE | re.ASCII)) for says, pattern in _WORDS)
# A denial stands close before what it denies: "not yet supported", 暂不支持, 未完全集成.
_DENIAL = re.compile(
    r"(?:不|未|没有|没|无法|无|尚未|部分|简化版|\bnot\b|n't\b|\bno\b|\bnever\b|\bcannot\b|\bpartially\b|\bwithout\b|\bun)"
    r"(?:完全|能|会|直接|完整|出现|\s|currently|yet|fully|been|be|is){0,4}$",
    re.IGNORECASE | re.ASCII,
)
_ITSELF_A_DENIAL: tuple[Says, ...] = ("no_oscillation", "unexpected", "memory_limited")

_TICKED = re.compile(r"✅|✓|✔|☑|🎉|\[[xX]\]|\bPASS(?:ED)?\b|(?<![未率可以])通过(?!率| ?[A-Za-z])")
_CROSSED = re.compile(r"❌|✗|✘|⚠|🚧|\[ \]|\bFAIL(?:ED)?\b|失败|未通过")
_EVERY = re.compile(
    r"所有|全部|(?<![未不])完全|任何|各种|任意|100%|\ball\b|\bevery\b|\bfully\b|\bentirely\b|\bany\b",
    re.IGNORECASE | re.ASCII,
)

_NEXT = re.compile(
    r"下一步|后续|改进建议|待优化|短期|中期|长期|next steps?|\bfuture\b|roadmap|\bto ?do\b|follow-?up",
    re.IGNORECASE | re.ASCII,
)
_ADVICE = re.compile(
    r"建议|推荐|解决方案|替代方案|最佳实践|优化配置"
    r"|\brecommendations?\b|\bsuggest|advice|solution|workaround|best practice",
    re.IGNORECASE | re.ASCII,
)

CLAUSES = re.compile(r"[,;。!?]|(?<=\s)[-—](?=\s)|\.\s")


def said(clause: str) -> Iterator[Said]:
    """What a clause says, each thing once."""
    told: set[Says] = set()
    for says, pattern in _SAYS:
        found = pattern.search(clause)
        if found and says not in told:
            told.add(says)
            yield Said(says, _denies(says, clause, found))


def mark_in(text: str) -> bool | None:
    """The first mark of a text: True for a tick or PASSED, False for a cross, a warning or FAILED."""
    ticked, crossed = _TICKED.search(text), _CROSSED.search(text)
    if ticked is None or crossed is None:
        return None if ticked is crossed else ticked is not None
    return ticked.start() < crossed.start()


def says_every(text: str) -> bool:
    """Whether something is said of all there are."""
    return bool(_EVERY.search(text))


def advice_in(context: tuple[str, ...]) -> Says | None:
    """What the headings and labels make of an item: something planned, something recommended, or neither."""
    for text in context:
        if _NEXT.search(text):
            return "planned"
        if _ADVICE.search(text):
            return "recommended"
    return None


def _denies(says: Says, clause: str, found: re.Match[str]) -> bool:
    if found.groupdict().get("deny"):
        return True
    return says not in _ITSELF_A_DENIAL and bool(_DENIAL.search(clause[: found.start()]))
