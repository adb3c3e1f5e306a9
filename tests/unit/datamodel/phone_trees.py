"""Trees of phones, for tests of what parameters mean: simulated phones, as a server would know them."""

from __future__ import annotations

from acs.datamodel.mapping import Translation
from acs.datamodel.tree import Parameter, ParameterTree
from acs.simulator.factory import factory_of
from acs.simulator.tree import PhoneTree


def phone_tree(persona: str = "cp860", accounts: int = 1) -> ParameterTree:
    """Everything that a phone of this persona has, fresh from the factory, as if it had listed it."""
    factory = factory_of(persona)
    phone = PhoneTree(factory.model, factory.image, factory.numbering, lambda word, name: "")
    for _ in range(accounts - 1):
        phone.add_row(f"{phone.root}Services.VoiceService.1.VoiceProfile.")
    known = {}
    for name in phone:
        leaf = phone.leaf(name)
        if leaf is None:
            known[name] = Parameter(writable=phone.writable(name))
        else:
            known[name] = Parameter(phone.value(name), leaf.xsd_type, leaf.writable)
    return ParameterTree(known)


def with_values(tree: ParameterTree, **values: str) -> ParameterTree:
    """A copy with other values; dots of names below the root are written as `__`."""
    changed = tree.copy()
    for name, value in values.items():
        put(changed, "Device." + name.replace("__", "."), value)
    return changed


def put(tree: ParameterTree, name: str, value: str) -> None:
    known = tree[name]
    tree.put(name, Parameter(value, known.type, known.writable))


def taken(tree: ParameterTree, told: Translation) -> ParameterTree:
    """The phone after it took what was written."""
    changed = tree.copy()
    for path, write in told.writes.items():
        put(changed, path, write.value)
    return changed
