"""What is known of one phone's parameters: a mapping from full names to values, types and times.

Names of objects end in a dot. The tree is a plain mutable mapping in the hands of one session or one request;
the store writes it compressed (`acs.store.trees`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from acs.cwmp.structures import ParameterAttribute, ParameterInfo, ParameterValue
from acs.datamodel.paths import is_object, is_secret


class Parameter(Struct, frozen=True, array_like=True):
    """One leaf, or one object (`value` None). `at` is when the value was last heard, seconds since the
    epoch.
    """

    value: str | None = None
    type: str = ""
    #: None while nobody has said
    writable: bool | None = None
    at: float = 0
    #: None while nobody has asked
    notification: int | None = None
    access_list: tuple[str, ...] | None = None


class ParameterTree:
    """Parameters by full name."""

    def __init__(self, parameters: dict[str, Parameter] | None = None) -> None:
        self._parameters = dict(parameters or {})

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, name: str) -> bool:
        return name in self._parameters

    def __getitem__(self, name: str) -> Parameter:
        return self._parameters[name]

    def get(self, name: str) -> Parameter | None:
        return self._parameters.get(name)

    def items(self) -> Iterable[tuple[str, Parameter]]:
        return self._parameters.items()

    def below(self, prefix: str) -> Iterator[str]:
        """The names that begin with `prefix`, in the order they were learnt."""
        return (name for name in self._parameters if name.startswith(prefix))

    def put(self, name: str, parameter: Parameter) -> None:
        self._parameters[name] = parameter

    def forget(self, path: str) -> None:
        """Drop one name, or everything below a partial path; the empty path drops all."""
        if path == "" or path.endswith("."):
            self._parameters = {n: p for n, p in self._parameters.items() if not n.startswith(path)}
        else:
            self._parameters.pop(path, None)

    def copy(self) -> ParameterTree:
        """Another tree with the same parameters; changes to one do not show in the other."""
        return ParameterTree(self._parameters)

    def hear_name(self, info: ParameterInfo) -> None:
        """The phone listed this name; its value, if any, stays known."""
        known = self._parameters.get(info.name)
        self._parameters[info.name] = (
            structs.replace(known, writable=info.writable) if known else Parameter(writable=info.writable)
        )

    def hear_value(self, heard: ParameterValue, at: float) -> None:
        """The phone said this value. A secret read back as empty is no news (quirk 59)."""
        if is_object(heard.name):
            return
        known = self._parameters.get(heard.name)
        if known is None:
            self._parameters[heard.name] = Parameter(heard.value, heard.type, None, at)
            return
        value = heard.value
        if value == "" and known.value and is_secret(heard.name):
            value = known.value
        self._parameters[heard.name] = structs.replace(
            known, value=value, type=heard.type or known.type, at=at
        )

    def hear_attributes(self, heard: ParameterAttribute) -> None:
        known = self._parameters.get(heard.name) or Parameter()
        self._parameters[heard.name] = structs.replace(
            known, notification=heard.notification, access_list=heard.access_list
        )
