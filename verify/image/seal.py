"""What an image knows of itself: written while it is built, read by the runs inside it.

Its own digest it cannot know, for that depends on all that is in it. Who starts it tells, and whoever collects the
report compares.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from verify.errors import IntegrityError, UsageError
from verify.image.source import source_digest
from verify.report.fields import Closed, ImageDigest, Name, Sha256
from verify.report.v1 import Image
from verify.spec.environment import load_environment
from verify.spec.files import read_bytes, replace_file
from verify.spec.lock import read_lock

FILE: Final = "image.json"
LARGEST: Final = 65_536
# Told by whoever starts the container: the digest of the image's configuration, which names all of its layers.
VARIABLE: Final = "VERIFY_IMAGE_DIGEST"
_DIGEST: Final = re.compile("sha256:[0-9a-f]{64}")


class Sealed(Closed):
    """What an image holds.

    Attributes:
        environment: Which one.
        platform: What is installed.
        lock: Digest of its lock.
        source: Digest of what it holds of the project.
        base: Digest of the image that it stands on, as whoever built it said; None where nothing was said.
    """

    environment: Name
    platform: Name
    lock: Sha256
    source: Sha256
    base: ImageDigest | None


def seal(root: Path, environment: str, *, lock: str = "", source: str = "", base: str = "") -> Sealed:
    """Compute what an image holds, and keep it there.

    Args:
        root: The project, inside the image.
        environment: What was set up.
        lock: The digest that the image's label claims; empty for no claim.
        source: Another.
        base: The digest of the image that it stands on.

    Raises:
        UsageError: There is no such environment.
        IntegrityError: A claim does not hold.
        StorageError: The disk refuses.
    """
    locked = read_lock(root, load_environment(root, environment).platform)
    found = Sealed(
        environment=environment,
        platform=locked.platform,
        lock=locked.digest,
        source=source_digest(root),
        base=base or None,
    )
    for what, claimed, is_ in (("lock", lock, found.lock), ("source", source, found.source)):
        if claimed.removeprefix("sha256:") not in {"", is_}:
            raise IntegrityError(
                f"the {what} in this image has the digest {is_[:12]}…, the build was told {claimed[:19]}…",
                "build it with the arguments that `verify image arguments` prints, from the same tree",
            )
    replace_file(root / FILE, (found.model_dump_json(indent=2) + "\n").encode())
    return found


def sealed(root: Path) -> Sealed | None:
    """What the image that this runs in holds; None outside of one.

    Raises:
        IntegrityError: The file is not what a build wrote.
    """
    if not (root / FILE).exists():
        return None
    try:
        return Sealed.model_validate_json(read_bytes(root / FILE, FILE, LARGEST))
    except ValidationError as error:
        raise IntegrityError(f"{FILE} is not what a build of an image writes", "build the image again") from error


def image_here(root: Path, environ: Mapping[str, str]) -> Image | None:
    """What a report tells of the image that it is made in; None outside of one.

    Args:
        root: The project.
        environ: The environment of the caller.

    Raises:
        UsageError: The digest that was told is none.
        IntegrityError: The image says of itself what cannot be.
    """
    known, digest = sealed(root), environ.get(VARIABLE) or None
    if digest and not _DIGEST.fullmatch(digest):
        raise UsageError(f"{VARIABLE} is no digest", "give sha256: and 64 hexadecimal digits, or unset it")
    if known is None:
        return Image(digest=digest, source=None, base=None) if digest else None
    return Image(digest=digest, source=known.source, base=known.base)
