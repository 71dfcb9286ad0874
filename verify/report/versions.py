"""Which versions there are, and how one is made from plain data."""

import json
from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import ValidationError

from verify.errors import IntegrityError
from verify.report import v1, v2, v3

Version = Literal["v1", "v2", "v3"]
AnyReport = v1.Report | v2.Report | v3.Report

VERSIONS: tuple[Version, ...] = get_args(Version)
MODELS: dict[Version, type[AnyReport]] = {"v1": v1.Report, "v2": v2.Report, "v3": v3.Report}
SHOWN = 200


def build(data: Mapping[str, object], where: str) -> AnyReport:
    """The report that plain data describes: dictionaries, lists, text, numbers.

    A draft's ``digest`` is `v1.UNSEALED`, its ``sequence`` 1 and its ``predecessor`` None: the history fills them.

    Args:
        data: The fields, ``version`` among them.
        where: What to call it when it is wrong.

    Raises:
        IntegrityError: It is no report of its version.
    """
    try:
        text = json.dumps(data, allow_nan=False)
    except (ValueError, TypeError) as error:
        raise IntegrityError(f"{where}: {error}", "a report holds finite numbers and plain data only") from error
    return validated(text, version_of(data.get("version"), where), where)


def version_of(said: object, where: str) -> Version:
    """The version that a report says it has.

    Raises:
        IntegrityError: None, or none that is known.
    """
    for version in VERSIONS:
        if said == version:
            return version
    what = "names no version" if said is None else f"unsupported version {str(said)[:SHOWN]!r}"
    raise IntegrityError(
        f"{where}: {what}, known are {', '.join(VERSIONS)}",
        "read it with the release of the product that wrote it",
    )


def validated(text: str, version: Version, where: str) -> AnyReport:
    """The report that a JSON text is.

    Raises:
        IntegrityError: It does not have the shape of its version.
    """
    try:
        return MODELS[version].model_validate_json(text)
    except ValidationError as error:
        raise IntegrityError(f"{where}: {_first(error)}", f"compare it with schemas/report.{version}.json") from error


def _first(error: ValidationError) -> str:
    first, count = error.errors(include_url=False, include_input=False)[0], error.error_count()
    place = ".".join(str(part) for part in first["loc"]) or "report"
    more = f" (and {count - 1} more)" if count > 1 else ""
    return ascii(f"{place}: {first['msg']}"[:SHOWN])[1:-1] + more
