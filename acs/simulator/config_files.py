"""The phone's configuration files: `key = value` lines, some of which stand for parameters.

Which key keeps its value in which parameter is in `cwmp_schemas/models/cp860-config-keys.csv`; every other
line is remembered and comes back with the next upload.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from sys import intern

from msgspec import Struct

from acs.simulator.model import value_fits
from acs.simulator.state import PhoneState, time_text

#: the first line of each of this phone's files, as the guide has it
FIRST_LINE = "#!version:1.0.0.1"


class Key(Struct, frozen=True):
    """A documented key and the parameter behind it. `meanings` is file value to parameter value."""

    pattern: str
    path: str
    meanings: dict[str, str]


@cache
def keys() -> tuple[Key, ...]:
    text = files("cwmp_schemas").joinpath("models", "cp860-config-keys.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(Key(row["key"], row["path"], _meanings(row["choices"])) for row in rows)


def _meanings(choices: str) -> dict[str, str]:
    return dict(choice.split("=", 1) for choice in choices.split(";") if choice)


@cache
def _expressions() -> tuple[tuple[re.Pattern[str], Key], ...]:
    def expression(pattern: str) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\{(\w)\\}", r"(?P<\1>[0-9]+)", re.escape(pattern)))

    return tuple((expression(key.pattern), key) for key in keys())


def parse(content: bytes) -> dict[str, str]:
    """The `key = value` lines of a file; a key's last line counts. Comments and other lines are skipped."""
    result = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            result[key.strip()] = value.strip()
    return result


def apply(phone: PhoneState, content: bytes) -> int:
    """Take a configuration file over; how many of its lines changed a parameter. Unfit values are skipped."""
    applied = 0
    for key, value in parse(content).items():
        applied += _apply_line(phone, key, value)
    return applied


def _apply_line(phone: PhoneState, key: str, value: str) -> bool:
    for expression, known in _expressions():
        match = expression.fullmatch(key)
        if match is None:
            continue
        name = phone.path(known.path.format(**match.groupdict()))
        value = known.meanings.get(value, value)
        leaf = phone.tree.leaf(name)
        if leaf is None or not value_fits(leaf, value):
            return False
        phone.put(name, value, by_acs=False)
        return True
    phone.config_lines[intern(key)] = value
    return False


def configuration(phone: PhoneState) -> bytes:
    """The file that an upload of the configuration sends: each key with a parameter, then the other lines."""
    lines = [FIRST_LINE]
    for known in keys():
        for account in range(1, 7) if "{n}" in known.pattern else (1,):
            for row in range(1, 9) if "{m}" in known.pattern else (1,):
                numbers = {"n": str(account), "m": str(row)}
                leaf = phone.tree.leaf(name := phone.path(known.path.format(**numbers)))
                if leaf is None:
                    continue
                value = "" if leaf.secret else phone.tree.value(name)
                meant = {meaning: written for written, meaning in known.meanings.items()}
                lines.append(f"{known.pattern.format(**numbers)} = {meant.get(value, value)}")
    lines += [f"{key} = {value}" for key, value in phone.config_lines.items()]
    return ("\n".join(lines) + "\n").encode()


def log(phone: PhoneState) -> bytes:
    """The file that an upload of the log sends."""
    booted, now = time_text(phone.booted_at), time_text(phone.clock())
    return (
        f"{booted} sys: {phone.persona.product_class} {phone.software_version} up, mac {phone.identity.mac}\n"
        f"{booted} net: address {phone.setting('LAN.IPAddress')}\n"
        f"{now} cwmp: ACS {phone.setting('ManagementServer.URL')}\n"
    ).encode()
