"""Whether an image is for a phone: by its name and number, its version, and what it may be installed over.

A vendor's images are named by the number of the phones' hardware: `37.72.0.5.rom` is for models with number
37 (`cwmp_schemas/provisioning/file-numbers.toml`). The number of a model that the list does not have is what
its HardwareVersion or SoftwareVersion begins with. An override lets an image of another model or number pass,
nothing else: the same version, an older one, one that may not be installed over the present one stay refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from msgspec import Struct

from acs.fleet.selector.values import compare_versions, same_version

#: The number of a model, None for one that the list does not have.
NumberOf = Callable[[str], int | None]

_NAME = re.compile(r"(\d{1,12})\.\d+\.\d+\.\d+[^/]*\.rom", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<|>|=|==)?\s*(\S+)")


class Image(Struct, frozen=True):
    """A stored firmware file. `sha256` and `md5` in hex; `version`, `model` and `md5` may be ""."""

    name: str
    size: int
    sha256: str
    version: str = ""
    model: str = ""
    md5: str = ""


class WrongSum(Struct, frozen=True):
    """A sum that was stated and is not the image's."""

    field: str
    stated: str
    found: str


class Why(StrEnum):
    """The kinds of reasons for which a phone does not get an image."""

    #: it has this version
    ALREADY = "already"
    MODEL = "model"
    #: its hardware has another number, or nothing tells which
    NUMBER = "number"
    #: older than what it has, and that was not asked for
    DOWNGRADE = "downgrade"
    #: what it has is none of `allowed_from`
    ALLOWED_FROM = "allowed_from"
    #: of a rollout that takes another back: it was not changed, or what it had is not there any more
    NOT_TAKEN_BACK = "not_taken_back"


class Refusal(Struct, frozen=True):
    """Why a phone does not get an image: for programs and in words."""

    why: Why
    text: str


def is_condition(text: str) -> bool:
    """Whether this says over which versions an image may be installed: a version, `>= 37.70`."""
    found = _CONDITION.fullmatch(text.strip())
    return found is not None and any(map(str.isdecimal, found[2])) and found[2][0] not in "<>="


def number_in(name: str) -> int | None:
    """The hardware number in an image's name; None for a name of another kind."""
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else None


def version_in(name: str) -> str:
    """The version in an image's name, "" for none."""
    return name[: -len(".rom")] if _NAME.fullmatch(name) else ""


def of_image(image: Image, *, override: str) -> str:
    """What is wrong with an image before any phone is looked at; "" for nothing."""
    if image.size <= 0:
        return "has no content"
    named, version = number_in(image.name), image.version
    if named is None and not image.model and not override:
        return "has neither a model nor a name such as 37.72.0.5.rom: nothing tells which phones it is for"
    if named is not None and version and _first_number(version) not in (None, named) and not override:
        return f"is named for hardware {named}, but is said to be version {version}"
    if not version and not version_in(image.name):
        return "has no version: nothing would tell that it is installed"
    return ""


def wrong_sum(image: Image, *, sha256: str, md5: str) -> WrongSum | None:
    """The first of the stated sums, "" for none, that is not the image's."""
    for field, stated, found in (("sha256", sha256, image.sha256), ("md5", md5, image.md5)):
        if stated and stated.lower() != found:
            return WrongSum(field, stated, found or "none: store the file once more, so that it is taken")
    return None


def bringing_back(
    images: Iterable[Image],
    version: str,
    *,
    model: str,
    hardware: str,
    number_of: NumberOf,
    override: bool = False,
) -> Image | None:
    """The image of this version that is for such a phone; where none is known to be, the only one there is by
    an override. None for none."""
    same = [image for image in images if same_version(image.version or version_in(image.name), version)]
    fitting = [
        image for image in same if _of_other_hardware(image, model, hardware, version, number_of) is None
    ]
    if fitting:
        return fitting[-1]
    return same[0] if override and len(same) == 1 else None


def for_phone(
    image: Image,
    *,
    model: str,
    hardware: str,
    version: str,
    number_of: NumberOf,
    allowed_from: Iterable[str] = (),
    downgrade: bool = False,
    override: bool = False,
) -> Refusal | None:
    """Why this phone does not get the image; None where it does."""
    wanted = image.version or version_in(image.name)
    if version and same_version(version, wanted):
        return Refusal(Why.ALREADY, f"it has {version} already")
    if not override:
        other = _of_other_hardware(image, model, hardware, version, number_of)
        if other is not None:
            return other
    if version and compare_versions(wanted, version) < 0 and not downgrade:
        text = f"{wanted} is older than its {version}, and a downgrade was not asked for"
        return Refusal(Why.DOWNGRADE, text)
    conditions = tuple(allowed_from)
    if conditions and not any(_allows(condition, version) for condition in conditions):
        has = version or "no known version"
        text = f"it has {has}, and the image may be installed over {', '.join(conditions)} only"
        return Refusal(Why.ALLOWED_FROM, text)
    return None


def _of_other_hardware(
    image: Image, model: str, hardware: str, version: str, number_of: NumberOf
) -> Refusal | None:
    if image.model and model and _folded(image.model) != _folded(model):
        return Refusal(Why.MODEL, f"the image is for {image.model}, and this is a {model}")
    number = number_in(image.name)
    if number is None:
        return None
    own = number_of(model) if model else None
    if own is None:
        own = _first_number(hardware) or _first_number(version)
    if own is None:
        nothing = f"nothing tells the number of this {model or 'phone'}"
        return Refusal(Why.NUMBER, f"the image is for hardware {number}, and {nothing}")
    if own != number:
        other = f"a {model or 'phone like this'} is {own}"
        return Refusal(Why.NUMBER, f"the image is for hardware {number}, and {other}")
    return None


def _allows(condition: str, version: str) -> bool:
    found = _CONDITION.fullmatch(condition.strip())
    if found is None or not version:
        return False
    order = compare_versions(version, found[2])
    match found[1]:
        case "<":
            return order < 0
        case "<=":
            return order <= 0
        case ">":
            return order > 0
        case ">=":
            return order >= 0
        case _:
            return order == 0


def _first_number(text: str) -> int | None:
    first = text.strip().partition(".")[0]
    return int(first) if first.isascii() and first.isdecimal() else None


def _folded(text: str) -> str:
    return text.strip().casefold().removeprefix("sip-")
