"""Which words name which figure: a table, English and Chinese."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from verify.claims.claim import Topic, Unit

Settings = Mapping[str, float | str]

_TIME: tuple[Unit, ...] = ("s",)
_COUNT: tuple[Unit, ...] = ("1",)
_MEMORY: tuple[Unit, ...] = ("GB", "GiB")
_TRAINABLE = {"part": "trainable_parameters", "whole": "total_parameters"}
_VALIDATION = {"split": "validation"}

# Which units a figure of a topic can have: what a word means follows from the figure beside it.
UNITS: Mapping[Topic, tuple[Unit, ...]] = {
    "matmul_rate": ("GFLOPS",), "bandwidth": ("GB/s", "GiB/s", "Gb/s"), "training_rate": ("samples/s",),
    "token_rate": ("tokens/s",), "iteration_rate": ("it/s",), "load_rate": ("parameters/ms", "parameters/s"),
    "matmul_time": _TIME, "forward_time": _TIME, "activation_time": _TIME, "step_time": _TIME, "epoch_time": _TIME,
    "duration": _TIME, "load_time": _TIME, "speedup": ("x",), "slowdown": ("x",),
    "loss": ("1", "nat"), "loss_initial": ("1", "nat"), "loss_final": ("1", "nat"), "loss_mean": ("1", "nat"),
    "accuracy": ("%", "1"), "share": ("%",), "saving": ("%", "x"), "pass_rate": ("%",),
    "memory_peak": _MEMORY, "memory_used": _MEMORY, "memory_total": _MEMORY,
    "power": ("W",), "energy": ("J",), "price": ("USD", "CNY", "EUR"),
}  # fmt: skip

# What a run was told to do, and what its model is: these narrow the figures beside them.
CONFIGURED: tuple[Topic, ...] = (
    "batch", "steps", "epochs", "layers", "hidden", "heads", "vocabulary", "samples", "sequence_length", "accumulation",
    "effective_batch", "learning_rate", "dropout", "rank", "alpha", "scale", "workers", "seed",
)  # fmt: skip

# What a figure is when no word says more than its unit does.
BY_UNIT: Mapping[Unit, Topic] = {
    "GFLOPS": "matmul_rate", "GB/s": "bandwidth", "GiB/s": "bandwidth", "Gb/s": "bandwidth",
    "samples/s": "training_rate", "tokens/s": "token_rate", "it/s": "iteration_rate", "parameters/ms": "load_rate",
    "parameters/s": "load_rate", "W": "power", "J": "energy", "USD": "price", "CNY": "price", "EUR": "price",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Term:
    """A word found in a text, and the figure it names."""

    start: int
    end: int
    topic: Topic
    settings: Settings = field(default_factory=dict)


_WORDS: tuple[tuple[str, Topic, Settings], ...] = (
    ("(?:初始|起始|开始)(?:训练)?损失|(?:initial|starting) (?:train(?:ing)? )?loss", "loss_initial", {}),
    ("(?:最终|最后)(?:训练)?损失值?|(?:final|last) (?:train(?:ing)? )?loss", "loss_final", {}),
    ("(?:最终|最后)验证损失|final val(?:idation)? loss", "loss_final", _VALIDATION),
    ("平均损失|(?:mean|average|avg\\.?) loss", "loss_mean", {}),
    ("验证损失|val(?:idation)?[ _]loss|eval(?:uation)?[ _]loss|验证(?=\\s*\\))", "loss", _VALIDATION),
    ("训练损失|损失值?|train(?:ing)?[ _]loss|\\bloss\\b(?! function)|训练(?=\\s*\\))", "loss", {}),
    ("准确率|精确率|accuracy", "accuracy", {}),
    ("误差|相对误差|\\berror\\b(?! message)", "accuracy_error", {}),
    ("困惑度|perplexity", "perplexity", {}),
    ("可训练参数(?:量|数)?|trainable (?:params|parameters)", "trainable_parameters", {}),
    ("(?:可训练|训练)参数(?:的)?(?:占比|比例)|trainable (?:share|percent(?:age)?|fraction)", "share", _TRAINABLE),
    ("总参数(?:量|数)?|(?:total|all) (?:params|parameters)", "total_parameters", {}),
    ("参数量|参数总?数|parameter count|\\b(?:params|parameters)\\b", "parameters", {}),
    ("理论(?:峰值|性能|值)|(?:theoretical|datasheet) (?:peak|maximum)", "share", {"whole": "peak"}),
    ("参数效率|parameter efficiency", "saving", {"whole": "parameters"}),
    ("(?:内存|显存)节[省约]|节[省约](?:内存|显存)|memory sav(?:ing|ings|ed)|saves? memory", "saving",
     {"whole": "memory"}),
    ("词表大小|词汇表(?:大小)?|词汇量|vocab(?:ulary)?(?:[ _]size)?", "vocabulary", {}),
    ("类别数?|分类数|\\bclasses\\b|num[ _]classes", "classes", {}),
    ("隐藏层(?:维度|大小)|隐藏维度?|hidden[ _](?:size|dim(?:ension)?)|d_model|embedding dim(?:ension)?", "hidden", {}),
    ("注意力头数?|(?:attention|num|n)[ _]heads|\\bheads\\b", "heads", {}),
    ("LoRA[ _]?(?:适配)?层(?:数)?|LoRA layers", "layers", {"of": "lora"}),
    ("层数|\\b(?:num|n)[ _]layers|\\blayers\\b", "layers", {}),
    ("有效(?:batch size|批次大小|批大小)|effective[ _]batch(?:[ _]size)?", "effective_batch", {}),
    ("梯度累积(?:步数|次数)?|(?:gradient[ _])?accumulation(?:[ _]steps)?", "accumulation", {}),
    ("批次大小|批大小|批量大小|(?:per_device_train_)?batch[ _]?size|\\bbatch\\b", "batch", {}),
    ("(?:最大)?序列长度|上下文长度|(?:max[ _])?seq(?:uence)?[ _]?len(?:gth)?|context length|block[ _]size",
     "sequence_length", {}),
    ("训练步数|迭代次数|训练迭代|步数|max[ _]steps|\\b(?:steps|iters|iterations)\\b", "steps", {}),
    # Steps of a schedule are not those of the run.
    ("(?:warm-?up|logging|save|eval|预热|保存|日志)[ _]?(?:steps|步数)", "other", {}),
    ("训练轮数|轮数|(?:num_train_)?epochs?", "epochs", {}),
    ("学习率|learning[ _]rate|\\blr\\b", "learning_rate", {}),
    ("丢弃率|(?:lora_)?dropout", "dropout", {}),
    ("秩|(?:lora[ _])?\\brank\\b|lora_r\\b|LoRA r\\b", "rank", {}),
    ("缩放系数|\\bscale\\b", "scale", {}),
    ("缩放因子|(?:lora[ _])?alpha", "alpha", {}),
    ("样本数|数据量|(?:训练)?数据集?(?:大小)?|num[ _]samples|\\b(?:samples|examples)\\b", "samples", {}),
    ("(?:总|累积|累计)?(?:训练)?\\s?tokens(?:数|总数)?|词元数|trained tokens", "tokens", {}),
    ("num_workers|工作进程|\\bworkers\\b", "workers", {}),
    ("随机种子|\\bseed\\b", "seed", {}),
    ("温度|temperature", "temperature", {}),
    ("(?:GPU|CPU)\\s?核心?数?|\\bcores\\b", "cores", {}),
    ("总?测试数|(?:total|number of) tests|tests? (?:total|run)|测试总数", "tests_total", {}),
    ("通过数?|\\bpassed\\b|\\bsuccess(?:es)?\\b", "tests_passed", {}),
    ("失败数?|\\bfailed\\b|\\bfailures?\\b", "tests_failed", {}),
    ("通过率?|pass(?:ed)?(?: rate)?", "pass_rate", {}),
    ("加载速度|loading (?:speed|rate)|load rate", "load_rate", {}),
    ("加载时间|加载|load(?:ing)? time|loaded in", "load_time", {}),
    ("矩阵(?:乘法|相乘|运算)|mat(?:rix )?mul(?:tiplication|tiply)?s?|matrix products?|gemm", "matmul_rate", {}),
    ("矩阵(?:乘法|相乘|运算)|mat(?:rix )?mul(?:tiplication|tiply)?s?|matrix products?|gemm", "matmul_time", {}),
    ("GFLOPS|TFLOPS|算力|compute (?:rate|throughput)", "matmul_rate", {}),
    ("激活函数|activation functions?|activations?", "activation_time", {}),
    ("前向(?:传播)?|forward(?: pass)?|推理延迟|延迟|latency", "forward_time", {}),
    ("单步时间|每步(?:时间|耗时)|step time|time per step", "step_time", {}),
    ("每轮(?:时间|耗时)|epoch time|time per epoch", "epoch_time", {}),
    ("时间|耗时|用时|\\btime\\b|duration|took|elapsed|wall[- ]clock", "duration", {}),
    ("带宽|bandwidth", "bandwidth", {}),
    ("吞吐量?|samples/s|throughput|训练速度", "training_rate", {}),
    ("平均速度|tokens?/s(?:ec)?|每秒处理 ?tokens|处理速率|(?:训练|计算|生成)?速度|throughput|speed", "token_rate", {}),
    ("每秒迭代数|it(?:er)?s?/s(?:ec)?|(?:训练|计算)?速度|speed", "iteration_rate", {}),
    ("加速比?|提升|speed-?ups?|faster|快了?|更快", "speedup", {}),
    ("慢了?|更慢|slow(?:er|down)?", "slowdown", {}),
    ("(?:峰值|最大|最高)(?:GPU)?(?:内存|显存)(?:占用|使用)?|(?:内存|显存)峰值", "memory_peak", {"bound": "peak"}),
    ("(?:peak|max(?:imum)?) (?:gpu )?(?:mem(?:ory)?|vram)(?: usage)?", "memory_peak", {"bound": "peak"}),
    ("总内存|内存总量|内存配置|内存效率|物理内存|统一内存|\\bRAM\\b|(?:total|unified|physical|installed|system) memory",
     "memory_total", {}),
    ("(?:内存|显存)(?:占用|使用量?)?|memory(?: usage| used)?|vram", "memory_used", {}),
    ("功耗|功率|power(?: draw)?", "power", {}),
    ("能耗|energy", "energy", {}),
    ("价格|成本|费用|price|cost", "price", {}),
)  # fmt: skip

# A count whose noun follows it: "12 layers", "100条QA对".
_NOUNS: tuple[tuple[str, Topic], ...] = (
    ("层", "layers"), ("-?layers?", "layers"), ("维", "hidden"), ("-?dim(?:ensional)?s?|隐藏|hidden", "hidden"),
    ("步|次迭代|iters?|iterations?|(?:training )?steps?", "steps"), ("epochs?|轮", "epochs"),
    ("tokens?|词元", "tokens"), ("条[^\\s\\d,。]{0,6}|个?样本|samples?|examples?", "samples"),
    ("(?:个)?(?:GPU)?\\s?核心?|-?(?:gpu )?cores?", "cores"), ("(?:attention )?heads?|个?头", "heads"),
    ("(?:个|项)?(?:测试)?\\s*(?:通过|passed)", "tests_passed"), ("(?:个|项)?\\s*(?:失败|failed)", "tests_failed"),
    ("(?:个|项)测试|(?:(?:unit|functional|integration|smoke) )?tests?", "tests_total"),
    ("个?(?:类别|分类)|classes", "classes"),
    ("个?参数|param(?:eter)?s?", "parameters"), ("(?:个)?模块|modules?", "modules"),
)  # fmt: skip

# What a time is of, when the headings or labels say it.
_OF_TIMES: tuple[tuple[str, Topic], ...] = (
    ("矩阵乘法|mat(?:rix )?mul|matrix products?|gemm", "matmul_time"),
    ("激活函数|activation functions?", "activation_time"),
    ("forward|前向|latency|延迟", "forward_time"),
    ("加载|load", "load_time"),
)

_FLAGS = re.IGNORECASE | re.ASCII
_TERMS = tuple((re.compile(words, _FLAGS), topic, settings) for words, topic, settings in _WORDS)
_AFTER = tuple((re.compile(rf"\s?(?:{words})(?:(?<![A-Za-z])|(?![A-Za-z]))", _FLAGS), topic) for words, topic in _NOUNS)
_TIMES = tuple((re.compile(words, _FLAGS), topic) for words, topic in _OF_TIMES)


@lru_cache(maxsize=4096)
def terms_in(text: str) -> tuple[Term, ...]:
    """Every word in a text that names a figure; of those in one place the longest first."""
    found = (
        Term(match.start(), match.end(), topic, settings)
        for pattern, topic, settings in _TERMS
        for match in pattern.finditer(text)
    )
    return tuple(sorted(found, key=lambda term: (term.start, term.start - term.end)))


def noun_at(text: str, position: int) -> Topic | None:
    """What a count is of, by the noun that follows it; the longest one that fits."""
    matches = ((found.end(), topic) for pattern, topic in _AFTER if (found := pattern.match(text, position)))
    return max(matches, key=lambda match: match[0], default=(0, None))[1]


@lru_cache(maxsize=4096)
def time_of(context: tuple[str, ...]) -> Topic:
    """What a time is of, by the words around it, innermost first."""
    for text in context:
        for pattern, topic in _TIMES:
            if pattern.search(text):
                return topic
    return "duration"


def fits(topic: Topic, unit: Unit) -> bool:
    """Whether a figure in a unit can be of a topic."""
    return unit in UNITS.get(topic, _COUNT)
