"""What a persona's phones leave the factory with: the model below its root, and its own defaults."""

from __future__ import annotations

from functools import cache

from msgspec import Struct, structs

from acs.simulator.model import Branch, Entry, Image, Leaf, Model, Numbering, dense, load, with_gaps
from acs.simulator.personas import PERSONAS, Persona

_MODEL_ROOT = "Device."


class Factory(Struct, frozen=True):
    """Shared by all phones of one persona."""

    model: Model
    image: Image
    numbering: Numbering


@cache
def factory_of(persona_name: str) -> Factory:
    persona = PERSONAS[persona_name]
    entries = {_renamed(path, persona): entry for path, entry in load("cp860").entries.items()}
    model = Model(
        {path: _adapted(path, entry, persona) for path, entry in entries.items() if _has(persona, path)}
    )
    numbering = with_gaps if persona.instance_gaps else dense
    return Factory(model, model.image(numbering), numbering)


def _renamed(path: str, persona: Persona) -> str:
    return persona.root + path.removeprefix(_MODEL_ROOT)


def _has(persona: Persona, path: str) -> bool:
    return not persona.lacks or persona.lacks not in path


def _adapted(path: str, entry: Entry, persona: Persona) -> Entry:
    if isinstance(entry, Branch):
        return structs.replace(entry, pattern=path)
    assert isinstance(entry, Leaf)
    default = persona.defaults.get(path.removeprefix(persona.root))
    return entry if default is None else structs.replace(entry, default=default)
