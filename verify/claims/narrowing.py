"""What narrows a figure: sizes, devices, models and chips that are named beside it; and numbers that are names."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

Settings = Mapping[str, float | str]

CHIP = r"(?:Apple )?\bM[1-9](?: (?:Pro|Max|Ultra)\b(?! ?Book))?(?![\w.-])"
GPU = (
    r"(?:NVIDIA )?(?:GeForce )?\b(?:RTX|GTX) ?\d{3,4}(?: ?Ti\b)?(?: ?SUPER\b)?"
    r"|(?:NVIDIA )?(?:Tesla )?\b(?:A100|A10G?|A30|A40|H100|H200|B200|V100|T4|L4|L40S?|MI\d{3}X?)\b"
)
_MODEL = (
    r"(?:[A-Za-z0-9]{1,20}[-/])?\b(?:Tiny|Smol|Code|Deep[Ss]eek-)?"
    r"(?:Qwen|GPT|Llama|LLaMA|BERT|Mistral|Mixtral|DeepSeek|Phi|Gemma|LM|Falcon|OPT|Pythia|Baichuan|ChatGLM|Yi|TinyNet|Net)"
    r"(?:[-_.]?[A-Za-z0-9]{1,20}){0,8}"
)
_ALIASES = {"gpt-2": "gpt2", "gpt-j": "gptj"}
_DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "fp8": "float8"}


def _chip(text: str) -> str:
    return text.removeprefix("Apple ").removeprefix("NVIDIA ").removeprefix("GeForce ").strip()


def _model(text: str) -> str:
    name = text.rpartition("/")[2].lower()
    return _ALIASES.get(name, name)


def _dtype(text: str) -> str:
    return _DTYPES.get(text.lower(), text.lower())


_READ: tuple[tuple[str, str, Callable[[str], float | str]], ...] = (
    ("size", r"\b(\d{1,9})\s*[\u00d7xX*]\s*\1(?!\d)", float),
    ("batch", r"(?:batch|批次)(?:[ _]?size|大小)?\s*[:= ]\s*(\d{1,9})(?![\d.,]*\d*[ ]?[A-Za-z%])", float),
    ("layers", r"(\d{1,6})\s*-?\s*(?:层|layers?\b)", float),
    ("hidden", r"(\d{1,6})\s*-?\s*(?:隐藏|维|hidden\b|dim\b)|hidden\s*=?\s*(\d{1,6})|\bh=(\d{1,6})", float),
    ("step", r"\b(?:iter(?:ation)?|step)\s*(\d{1,9})\b|第\s*(\d{1,9})\s*步", float),
    ("samples", r"(\d{1,9})\s*(?:条|个样本|samples\b(?!/))", float),
    ("device", r"\b(CPU|MPS|MLX|CUDA)\b", str.lower),
    ("dtype", r"\b(FP32|FP16|BF16|FP8|float32|float16|bfloat16|float64)\b", _dtype),
    ("chip", rf"({CHIP}|{GPU})", _chip),
    ("model", rf"({_MODEL})(?![A-Za-z])", _model),
    ("function", r"\b(ReLU|GELU|SiLU|Softmax|Tanh|Sigmoid|Swish|Mish)\b", str.lower),
    ("technique", r"\b(QLoRA|LoRA)\b", str.lower),
    ("architecture", r"(Transformer|CNN|RNN|LSTM|MLP)(?![a-z])", str.lower),
    ("split", r"(validation|验证(?=损失|集|\s*\))|held[- ]out)", lambda _: "validation"),
    ("bound", r"(最高|峰值|\bpeak\b|\bhighest\b|(?<!M\d )\bmax(?:imum)?\b)", lambda _: "peak"),
)
_PATTERNS = tuple((name, re.compile(pattern, re.IGNORECASE | re.ASCII), read) for name, pattern, read in _READ)

# Numbers that are names, and numbers that only say where.
_NAMES = re.compile(
    r"https?://\S+"
    r"|\b[\w./-]{1,120}\.(?:py|md|json|sh|txt|log|ya?ml|toml)\b(?::\d+)?"
    r"|(?<![\w%])[~.]{0,2}/[A-Za-z][\w.-]*/[\w./-]*"
    r"|\b\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?|\d{4}年(?:\d{1,2}月)?(?:\d{1,2}日)?"
    r"|\b\d{1,2}:\d{2}(?::\d{2})?\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2},? \d{4}\b"
    r"|\b\d{1,2} (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?,? \d{4}\b"
    r"|\b(?:python|cuda|pytorch|torch|macos|ubuntu|linux|darwin|driver|驱动|版本|version)\s*(?:版本|version)?\s*:?\s*\d[\w.-]*"
    rf"|{GPU}"
    r"|(?-i:\b[A-Z][A-Z_]{3,}=\S+)"
    r"|\b\d+\.\d+\.[\dx][\w.+-]*|\b\d+\.x\b|\b\d{1,2}-?bits?\b"
    r"|(?:测试|test|layer|问题|方法|步骤|阶段|problem|method|stage|phase|Q)\s*\d+(?=\s*[:.)])"
    r"|(?<![A-Za-z0-9_])[A-Za-z_][A-Za-z_./]{0,60}[-_.]?\d[A-Za-z0-9_./-]*(?::\d+)?"
    r"|\b(?:iter(?:ation)?|step)\s*\d+\b|第\s*\d+\s*步|前\s*\d+\s*步"
    r"|\b(\d{1,9})\s*[\u00d7xX*]\s*\1(?!\d)",
    re.IGNORECASE | re.ASCII,
)


@lru_cache(maxsize=4096)
def narrowed(text: str) -> Settings:
    """The settings that a text names; of what it names twice, and differently, none."""
    settings: dict[str, float | str] = {}
    for name, pattern, read in _PATTERNS:
        values = {read(next(filter(None, found.groups()))) for found in pattern.finditer(text)}
        if len(values) == 1:
            settings[name] = values.pop()
    return settings


def masked(text: str) -> str:
    """The text, as long as before, with every number that is a name or a place blotted out."""
    return _NAMES.sub(lambda found: "\x00" * len(found[0]), text)
