"""What is said to be able, to run or to be measured: the words for it, English and Chinese, as a table."""

import re
from collections.abc import Mapping
from functools import lru_cache

_WORDS: tuple[tuple[str, str], ...] = (
    ("mlx_training", r"\bMLX\b.{0,8}(?:训练|train)|(?:train\w*|训练).{0,8}\bMLX\b"),
    ("mlx", r"\bMLX\b|\bmx\.|mlx[._]"),
    ("mps", r"\bMPS\b|\bMetal\b|backends\.mps"),
    ("cuda", r"\bCUDA\b"),
    ("qlora", r"QLoRA"),
    ("lora", r"(?<!Q)LoRA"),
    ("peft", r"\bPEFT\b"),
    ("quantization", r"量化|quanti[sz]|quantize_per_tensor|[48]-?bit|\bint[48]\b"),
    ("mixed_precision", r"混合精度|mixed[ -]precision|\bAMP\b|autocast"),
    ("fp32", r"\bFP32\b|float32"),
    ("fp16", r"\bFP16\b|float16(?<!bfloat16)|半精度|half[ -]precision"),
    ("bf16", r"BF16|bfloat16"),
    ("fp8", r"\bFP8\b|float8"),
    ("gradient_checkpointing", r"梯度检查点|(?:gradient|activation)[ _-]checkpoint"),
    ("checkpointing", r"checkpoint[^\n]{0,4}(?:保存|恢复)|(?:save|resume)\w*[^\n]{0,8}checkpoint|断点续训"),
    ("distributed", r"(?:分布式|distributed)(?! ?\w{0,12}muon)|\bDDP\b|\bFSDP\b|多卡|multi-?GPU"),
    ("flash_attention", r"flash[ _-]?att(?:ention|n)|\bFA2\b|\bFA3\b"),
    ("qk_norm", r"QK[ _-]?norm"),
    ("compile", r"torch[._]compile|(?:首次|模型)编译|\bcompile[ds]?\b"),
    ("polar_express", r"Polar Express|正交化"),
    ("distributed_muon", r"分布式 ?\w*muon|distributed \w{0,12}muon"),
    ("muon", r"(?<!分布式 )(?<!分布式)(?<!distributed )(?<!\w)\w{0,12}muon"),
    ("adamw", r"AdamW"),
    ("adam", r"\bAdam\b"),
    ("sgd", r"\bSGD\b"),
    ("triton", r"\bTriton\b"),
    ("rope", r"\bRoPE\b|YaRN"),
    ("async_data", r"异步(?:数据)?加载|异步数据|async[ _-]?data"),
    ("transformers", r"\bTransformers\b|Hugging ?Face"),
    ("autograd", r"自动微分|梯度计算|autograd|automatic differentiation"),
    ("tensor_ops", r"张量运算|tensor op"),
    ("matmul", r"矩阵(?:乘法|相乘|运算)|mat(?:rix )?mul(?:tipl\w+)?|matrix products?|\bGEMM\b|FLOPS"),
    ("bandwidth", r"带宽|bandwidth"),
    ("fallback", r"fallback|回退|降级"),
    ("inference", r"推理|inference|text generation"),
    ("power_efficiency", r"能效|功耗|(?:power|energy)[ -]efficien\w+|performance per watt"),
    ("data_loading", r"(?<!异步)(?<!async )(?:数据加载|data[ -]?load)"),
    ("bert", r"\bBERT\b"),
    ("gpt2", r"\bGPT-?2\b"),
)
_SUBJECTS: tuple[tuple[str, str], ...] = (
    ("loss", r"损失|\bloss(?:es)?\b"),
    ("memory", r"内存|显存|memory"),
    ("speed", r"速度|性能|吞吐|speed|throughput|performance"),
    ("training", r"训练|training|trained"),
)
# Of these one excludes another: what they are is the factor, and which one its value.
_EXCLUSIVE: Mapping[str, str] = {
    "fp32": "precision", "fp16": "precision", "bf16": "precision", "fp8": "precision", "mixed_precision": "precision",
    "muon": "optimizer", "adamw": "optimizer", "adam": "optimizer", "sgd": "optimizer",
    "mps": "device", "mlx": "device", "cuda": "device",
}  # fmt: skip


def _compiled(words: tuple[tuple[str, str], ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((name, re.compile(pattern, re.IGNORECASE | re.ASCII)) for name, pattern in words)


_CAPABILITIES, _ABOUT = _compiled(_WORDS), _compiled(_SUBJECTS)


@lru_cache(maxsize=4096)
def capabilities_in(text: str) -> tuple[str, ...]:
    """The capabilities that a text names, in the order of the table."""
    return tuple(name for name, pattern in _CAPABILITIES if pattern.search(text))


@lru_cache(maxsize=4096)
def subjects_in(text: str) -> tuple[str, ...]:
    """What a text speaks of: its capabilities; where there are none, the first of loss, memory, speed, training."""
    found = capabilities_in(text)
    return found or tuple(name for name, pattern in _ABOUT if pattern.search(text))[:1]


def factor_of(part: str) -> tuple[str, str]:
    """The factor that a part of a configuration sets, and its value: ``("precision", "bf16")`` of ``BF16``."""
    named = capabilities_in(part)
    if not named:
        return part.lower(), part
    return (_EXCLUSIVE[named[0]], named[0]) if named[0] in _EXCLUSIVE else (named[0], part)
