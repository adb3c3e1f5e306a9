"""The phone's configuration files: `key = value` lines, some of which stand for parameters.

Which those are is the mapping of the project (`acs.datamodel.mapping`). Every other line is remembered and
comes back with the next upload; so is a value that its parameter has no word for.
"""

from __future__ import annotations

from collections.abc import Iterator
from sys import intern

from acs.datamodel import cfg_files, key_values, mapping
from acs.datamodel.key_loading import shipped
from acs.datamodel.tree import Parameter
from acs.simulator.state import PhoneState, time_text
from acs.simulator.tree import PhoneTree


class _View:
    """The phone's tree as the mapping asks for it; it knows its own secrets."""

    def __init__(self, tree: PhoneTree) -> None:
        self._tree = tree

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree)

    def get(self, name: str) -> Parameter | None:
        leaf = self._tree.leaf(name)
        return None if leaf is None else Parameter(self._tree.value(name), leaf.xsd_type, leaf.writable)


def apply(phone: PhoneState, content: bytes) -> int:
    """Take a configuration file over; how many parameters its lines set. Values that no phone takes are
    skipped, as are lines that are none."""
    values = {key: value for key, value in cfg_files.read(content).values.items() if _good(key, value)}
    told = mapping.to_parameters(values, _View(phone.tree), known=phone.config_lines)
    for path, write in told.writes.items():
        phone.put(path, write.value, by_acs=False)
    for key in told.paths:
        phone.config_lines.pop(key, None)
    phone.config_lines.update((intern(key), values[key]) for key in told.left)
    return len(told.writes)


def _good(key: str, value: str) -> bool:
    use = shipped().get(key)
    return use is None or not key_values.refused(key_values.check(use, value))


def configuration(phone: PhoneState) -> bytes:
    """The file that an upload of the configuration sends: each key that a parameter keeps, then the others.
    Secrets are blank."""
    known = mapping.from_tree(_View(phone.tree), phone.config_lines) | phone.config_lines
    lines = [f"{key} = {'' if _is_secret(key) else value}" for key, value in known.items()]
    return ("\n".join([cfg_files.FIRST_LINE, *lines]) + "\n").encode()


def _is_secret(key: str) -> bool:
    use = shipped().get(key)
    return use is not None and use.key.secret


def log(phone: PhoneState) -> bytes:
    """The file that an upload of the log sends."""
    booted, now = time_text(phone.booted_at), time_text(phone.clock())
    return (
        f"{booted} sys: {phone.persona.product_class} {phone.software_version} up, mac {phone.identity.mac}\n"
        f"{booted} net: address {phone.setting('LAN.IPAddress')}\n"
        f"{now} cwmp: ACS {phone.setting('ManagementServer.URL')}\n"
    ).encode()
