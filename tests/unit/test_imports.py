"""The arrows of the design: who may import whom. Held over the source, so that nothing has to be run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: package of ours to the packages of ours that it may import; everybody may import cwmp_schemas
MAY_IMPORT = {
    "cwmp_schemas": set(),
    "acs.cwmp": set(),
    "acs.datamodel": {"acs.cwmp"},
    "acs.fleet": {"acs.cwmp", "acs.datamodel"},
    "acs.store": {"acs.cwmp", "acs.datamodel", "acs.fleet"},
    "acs.operations": {"acs.cwmp", "acs.datamodel", "acs.fleet", "acs.store"},
    "acs.northbound": {"acs.cwmp", "acs.datamodel", "acs.fleet", "acs.store", "acs.operations"},
    "acs.southbound": {"acs.cwmp", "acs.datamodel", "acs.fleet", "acs.store"},
    "acs.simulator": {"acs.cwmp", "acs.datamodel"},
    "workers": {"acs.cwmp", "acs.datamodel", "acs.fleet", "acs.store"},
    # the composition root: acs/app.py and its siblings
    "acs": {
        "acs.cwmp",
        "acs.datamodel",
        "acs.fleet",
        "acs.store",
        "acs.operations",
        "acs.northbound",
        "acs.southbound",
    },
    "acs.cli": {
        "acs",
        "acs.cwmp",
        "acs.datamodel",
        "acs.fleet",
        "acs.store",
        "acs.operations",
        "acs.simulator",
    },
}

#: what the pure packages must not know: the network, the store, the clock, chance
NOT_PURE = {"twisted", "redis", "rq", "klein", "httpx", "socket", "asyncio", "random", "secrets", "time"}
PURE = ("acs.cwmp", "acs.datamodel", "acs.fleet")


def package_of(module: str) -> str:
    """The package of the table that a module of ours belongs to."""
    top, _, rest = module.partition(".")
    below = f"{top}.{rest.partition('.')[0]}"
    return below if below in MAY_IMPORT else top


def modules() -> Iterator[tuple[str, Path]]:
    for top in ("acs", "workers", "cwmp_schemas"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(module: str, path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
            # `from acs import app` imports the module acs.app
            bare = node.module in ("acs", "workers")
            yield from (
                (node.lineno, f"{node.module}.{alias.name}" if bare else str(node.module))
                for alias in node.names
            )


IMPORTS = [
    (module, path.relative_to(ROOT), line, imported)
    for module, path in modules()
    for line, imported in imports(module, path)
]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_arrows_run_one_way(package):
    allowed = MAY_IMPORT[package] | {package, "cwmp_schemas"}
    wrong = [
        f"{path}:{line} imports {imported}"
        for module, path, line, imported in IMPORTS
        if package_of(module) == package
        and imported.partition(".")[0] in ("acs", "workers", "cwmp_schemas")
        and package_of(imported) not in allowed
    ]
    assert not wrong


def test_the_rules_know_neither_network_nor_store_nor_clock():
    wrong = [
        f"{path}:{line} imports {imported}"
        for module, path, line, imported in IMPORTS
        if package_of(module) in PURE and imported.partition(".")[0] in NOT_PURE
    ]
    assert not wrong


def test_only_the_store_and_the_jobs_know_redis():
    may = ("acs.store", "workers")
    wrong = [
        f"{path}:{line} imports {imported}"
        for module, path, line, imported in IMPORTS
        if package_of(module) not in may and imported.partition(".")[0] in ("redis", "rq", "hiredis")
    ]
    assert not wrong


def test_every_package_stands_in_the_table():
    packages = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("acs", "workers", "cwmp_schemas")
        for path in (*(ROOT / top).glob("*/__init__.py"), ROOT / top / "__init__.py")
    }
    assert packages == set(MAY_IMPORT)
