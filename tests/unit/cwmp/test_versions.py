"""Which message exists in which version of CWMP."""

from __future__ import annotations

import pytest

from acs.cwmp import messages as m
from acs.cwmp import versions


@pytest.mark.parametrize(
    ("namespace", "minor"),
    [
        ("urn:dslforum-org:cwmp-1-0", 0),
        ("urn:dslforum-org:cwmp-1-2", 2),
        ("urn:dslforum-org:cwmp-1-4", 4),
        ("urn:broadband-forum-org:cwmp-1-1", 1),
        ("", 0),
        ("urn:something", 0),
    ],
)
def test_the_version_in_a_namespace(namespace, minor):
    assert versions.minor_version(namespace) == minor


def test_what_the_official_schemas_define_is_what_exists(official_schema, shared):
    for namespace in versions.OFFICIAL:
        text = (shared / "reference" / "xsd" / f"{namespace.rpartition(':')[2]}.xsd").read_text()
        for made in m.Message.__subclasses__():
            defined = f'<xs:element name="{made.__name__}">' in text
            assert versions.exists(made, namespace) == defined, (made, namespace)


def test_later_unofficial_namespaces_have_everything():
    assert all(versions.exists(made, "urn:dslforum-org:cwmp-1-4") for made in m.Message.__subclasses__())


def test_the_schema_that_speaks_for_a_namespace():
    assert versions.schema_of("urn:dslforum-org:cwmp-1-4") == versions.CWMP_1_2
    assert versions.schema_of("urn:unheard-of") == versions.CWMP_1_0
