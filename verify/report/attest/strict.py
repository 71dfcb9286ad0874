"""JSON bytes held against a closed model, with nothing in them that two readers could read differently."""

from typing import TypeVar

from pydantic import ValidationError

from verify.errors import IntegrityError
from verify.report import strict_json
from verify.report.fields import Closed

SHOWN = 200

M = TypeVar("M", bound=Closed)


def parsed(model: type[M], data: bytes, what: str) -> M:
    """What the bytes say.

    Args:
        model: Its shape.
        data: UTF-8.
        what: What to call it when it is wrong.

    Raises:
        IntegrityError: They have another shape, name something twice, or hold what JSON cannot.
    """
    strict_json.parse(data, what)
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or what
        said = f"{what} has another form: {place}: {first['msg']}"[:SHOWN]
        raise IntegrityError(said, "compare it with schemas/attestation.json") from error
