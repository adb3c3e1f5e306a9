"""Queries of the façade on one phone at a time: what the index is asked means all that the query means."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from acs.datamodel.tree import Parameter, ParameterTree
from acs.fleet.device import Device, OperatorNotes
from acs.fleet.selector import evaluation, facts
from acs.northbound.nbi import documents, matching, query
from acs.northbound.nbi.narrowing import narrowed
from acs.operations.phone_search import Phone
from acs.store.devices import KnownDevice

VERSION = "Device.DeviceInfo.SoftwareVersion"

tags = some.sampled_from(["red", "blue", "7", "2026-01-01", "Red"])
models = some.sampled_from(["CP860", "cp860", "T58", ""])
versions = some.sampled_from(["1.0", "1.00", "2.0", ""])
serials = some.sampled_from(["1", "2"])

VALUES = {
    "_tags": tags,
    "_deviceId._ProductClass": models,
    VERSION: versions,
    "_id": some.builds(lambda model, serial: f"001565-{model}-{serial}", models, serials),
}


def operands(values: Any) -> Any:
    lists = some.lists(values, max_size=3)
    return some.one_of(
        values,
        some.builds(lambda value: {"$ne": value}, values),
        some.builds(lambda listed: {"$in": listed}, lists),
        some.builds(lambda listed: {"$nin": listed}, lists),
        some.builds(lambda value: {"$not": {"$eq": value}}, values),
        some.builds(lambda value: {"$gt": value}, values),
        some.just(None),
        some.just({"$exists": True}),
        some.just("*"),
    )


fields = some.sampled_from(sorted(VALUES)).flatmap(
    lambda name: some.builds(lambda operand: {name: operand}, operands(VALUES[name]))
)
queries = some.recursive(
    fields,
    lambda inner: some.one_of(
        some.builds(
            lambda joint, parts: {joint: parts},
            some.sampled_from(["$and", "$or", "$nor"]),
            some.lists(inner, min_size=1, max_size=3),
        ),
        some.builds(lambda part: {"$not": part}, inner),
    ),
    max_leaves=6,
)


def phone(model: str, version: str, serial: str, noted: list[str]) -> Phone:
    identifier = f"001565-{model}-{serial}"
    device = Device(
        identifier, oui="001565", product_class=model, serial_number=serial, software_version=version
    )
    tree = ParameterTree({VERSION: Parameter(version, "xsd:string")})
    return Phone(identifier, KnownDevice(device, OperatorNotes(tags=tuple(noted)), None, None), tree)


@given(queries, models, versions, serials, some.lists(tags, max_size=3, unique=True))
def test_what_the_index_is_asked_means_all_that_the_query_means(asked, model, version, serial, noted):
    one = phone(model, version, serial, noted)
    condition = query.read(json.dumps(asked), documents.canonical)
    meant = matching.test_of(condition)(lambda path: documents.values_at(one, path))
    assert meant is not None
    chosen = narrowed(condition)
    known = facts.from_id(one.id)
    facts.add_record(known, one.known.device, one.known.notes, last_seen=0, state="online")
    candidate = evaluation.test_of(chosen.expression, now=0)(known)
    if chosen.exact:
        assert candidate is meant
    elif meant:
        assert candidate


@given(queries, models, versions, serials, some.lists(tags, max_size=3, unique=True))
def test_what_is_decided_early_stays_so(asked, model, version, serial, noted):
    """By the id alone, then with the record, then with the parameters."""
    whole = phone(model, version, serial, noted)
    test = matching.test_of(query.read(json.dumps(asked), documents.canonical))
    answers = [
        test(lambda path, stage=stage: documents.values_at(stage, path))
        for stage in (Phone(whole.id), Phone(whole.id, whole.known), whole)
    ]
    assert answers[-1] is not None
    assert len({answer for answer in answers if answer is not None}) == 1
