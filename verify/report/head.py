"""The head of a chain: what a history held when its last report was kept, so that a missing tail shows.

From the reports that are left nobody can see that the last ones are missing, nor that the last was changed and sealed
again. The head counts them: ``reports/<environment>/<machine>.head``, beside the reports, one for each chain.

**The root** is a fold over the SHA-256 of the files' bytes, in the order of their sequence: the root of no report is
the SHA-256 of `START`, and each report makes of it the SHA-256 of the root before and the file's digest, as 64 bytes.
So an older head is checked against a longer history by folding its first ``count`` files, and nothing but hashing is
needed to know that a whole history is byte for byte as it was.

**The count** is the counter that only grows: a head that counts more than there is has seen what is gone.

**After a crash.** The report is kept first and the head after it, under one lock and with the folder synced in between.
Were it the other way round, a run that is killed would leave a head that counts a report which is not there: what a cut
tail looks like, and to accept the one were to accept the other. As it is, a crash leaves a head that counts one report
less than there is. That is nothing missing; the report is proven, the next writer counts it before it adds its own, and
so there is never more than one. A head that lies further behind was not left by a crash, and is refused.

**What it cannot see.** Who can write the folder can write the head. Where a key is given, the head is kept once more in
an envelope that is signed (``<machine>.head.dsse``), which they cannot make anew; they can still put an older signed
head beside an older history. Only a head that is kept elsewhere (``verify history prove --head FILE``) shows that.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from verify.errors import IntegrityError
from verify.report import strict_json
from verify.report.canonical import stored_text
from verify.report.disk import read_regular
from verify.report.fields import LARGEST, Closed, Machine, Moment, Name, ReportId, Sha256
from verify.report.place import Place
from verify.report.read import CHANGED, named

SUFFIX = ".head"
SIGNED = ".head.dsse"
PAYLOAD_TYPE = "application/vnd.llm-verify.head+json"
START = b"llm-verify history v1"
LARGEST_HEAD = 64 * 1024

# Makes an envelope of a payload and its type.
Sign = Callable[[bytes, str], bytes]
# The payload of an envelope, when someone who may has signed it as of this type; raises IntegrityError when not.
Unseal = Callable[[bytes, str], bytes]


class Head(Closed):
    """What a chain held.

    Attributes:
        environment: Whose history.
        machine: Whose chain.
        count: How many reports it had, which is the sequence of the last; it only grows.
        report: The id of the last.
        created: When the run of the last began, UTC.
        digest: The digest of the last.
        root: The fold over all of their files.
    """

    version: Literal["head.v1"]
    environment: Name
    machine: Machine
    count: int = Field(ge=1, le=LARGEST)
    report: ReportId
    created: Moment
    digest: Sha256
    root: Sha256


def root_of(files: Iterable[str], start: str | None = None) -> str:
    """The fold over the SHA-256 of files, each in hexadecimal; goes on from a root where one is given."""
    root = bytes.fromhex(start) if start else hashlib.sha256(START).digest()
    for file in files:
        root = hashlib.sha256(root + bytes.fromhex(file)).digest()
    return root.hex()


def head_of(chain: Sequence[Place]) -> Head:
    """The head of a chain that is not empty, by sequence."""
    last = chain[-1]
    return Head(
        version="head.v1",
        environment=last.environment,
        machine=last.machine,
        count=last.sequence,
        report=last.id,
        created=last.created,
        digest=last.digest,
        root=root_of(place.sha256 for place in chain),
    )


def head_bytes(head: Head) -> bytes:
    """What is kept, and what is signed."""
    return stored_text(head).encode()


def read_head(path: Path, root: Path, unseal: Unseal | None = None) -> Head:
    """The head in a file, be it plain or in an envelope.

    Args:
        path: The file.
        root: What it must lie below.
        unseal: What proves an envelope's signature; without it the signature is not looked at.

    Raises:
        StorageError: It cannot be read.
        IntegrityError: It is no head, or nobody who may has signed it.
    """
    data, where = read_regular(path, root, LARGEST_HEAD), named(path, root)
    if _is_envelope(data):
        data = unseal(data, PAYLOAD_TYPE) if unseal else _payload(data, where)
    return parse_head(data, where)


def parse_head(data: bytes, where: str) -> Head:
    """The head that bytes are.

    Raises:
        IntegrityError: They are none, or not byte for byte what we wrote.
    """
    strict_json.parse(data, where)
    try:
        head = Head.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "head"
        raise IntegrityError(f"{where} is no head: {place}: {first['msg']}"[:300], strict_json.RESTORE) from error
    if head_bytes(head) != data:
        raise IntegrityError(f"{where} is not as it was written", CHANGED)
    return head


def _is_envelope(data: bytes) -> bool:
    return b'"payloadType"' in data


def _payload(data: bytes, where: str) -> bytes:
    try:
        envelope = json.loads(data)
        if envelope["payloadType"] == PAYLOAD_TYPE:
            return base64.b64decode(envelope["payload"], validate=True)
    except (ValueError, LookupError, TypeError, RecursionError, binascii.Error) as error:
        raise IntegrityError(f"{where} is no envelope", strict_json.RESTORE) from error
    raise IntegrityError(f"{where} holds no head", strict_json.RESTORE)
