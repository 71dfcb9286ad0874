"""What a report must not tell about the person who made it."""

import re
from collections.abc import Iterator, Mapping

# Names so general that they betray nobody, and that ordinary text is full of.
GENERAL = frozenset(
    [
        "root",
        "user",
        "admin",
        "runner",
        "ubuntu",
        "debian",
        "linux",
        "docker",
        "localhost",
        "nobody",
        "nonroot",
        "build",
        "builder",
        "dev",
        "test",
        "python",
        "torch",
        "verify",
        "lora",
        "cpu",
        "cuda",
        "mps",
        "mlx",
    ]
)
SHORTEST = 3

# Of which each home folder has one, also where JSON doubles the backslash.
_SIGNS = ("/home/", "/Users/", "/root/", ":\\")
_HOMES = re.compile(r"(?<![\w.~-])(?:/(?:home|Users)/[\w.-]+|/root(?=/)|[A-Za-z]:\\+Users\\+[\w.-]+)")


def scrub(text: str, secrets: Mapping[str, str]) -> str:
    """The text with each secret replaced: home by ``~``, root by ``.``, user and host by what they stand for.

    Longer secrets go first, names are replaced as whole words only, and what is left of anybody's home folder
    becomes ``~``. Characters that cannot be stored become ``?``.

    Args:
        text: Anything that is about to enter a report.
        secrets: What to replace, and by what.
    """
    for secret in sorted(filter(is_secret, secrets), key=len, reverse=True):
        text = _whole(secret).sub(lambda _, put=secrets[secret]: put, text)  # type: ignore[misc]
    return _HOMES.sub("~", text).encode(errors="replace").decode()


def leaks(text: str, secrets: Mapping[str, str]) -> Iterator[str]:
    """What of the secrets, or of anybody's home folder, the text still tells; each named by what it stands for."""
    for secret in filter(is_secret, secrets):
        if _whole(secret).search(text):
            yield f"what should be {secrets[secret]}"
    if _HOMES.search(text):
        yield "a home folder"


def may_tell_a_home(text: str) -> bool:
    """Whether a text, be it plain or JSON, may tell of a home folder: a no is certain, and costs next to nothing."""
    return any(sign in text for sign in _SIGNS)


def is_secret(name: str) -> bool:
    """Whether a name tells anything about anybody."""
    return len(name) >= SHORTEST and name.lower() not in GENERAL


def _whole(secret: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")
