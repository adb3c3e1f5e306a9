"""JSON as callers send it: one value, in whose objects each name stands once."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from acs.northbound.rest.problems import BadRequest
from acs.operations.validation import GivenTwice, each_once


def decoded(raw: bytes, what: str) -> Any:
    """The value. Raises BadRequest, which says of `what` where it goes wrong."""
    try:
        value = msgspec.json.decode(raw)
        json.loads(raw.decode(), object_pairs_hook=each_once, strict=False)
    except msgspec.DecodeError as error:
        raise BadRequest(f"{what} is no JSON: {error}.") from None
    except UnicodeDecodeError as error:
        raise BadRequest(f"{what} is no UTF-8 text: byte {error.start} is wrong.") from None
    except RecursionError:
        raise BadRequest(f"{what} is no JSON that anybody means: it is nested too deeply.") from None
    except GivenTwice as error:
        raise BadRequest(f"{what} has {error.name!r} more than once in one object.") from None
    return value
