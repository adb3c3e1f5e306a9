"""Permitted values of documented keys, for property tests over the whole catalogue."""

from __future__ import annotations

from hypothesis import strategies as st

from acs.datamodel import key_values
from acs.datamodel.keys import Key, KeyType, KeyUse

HOSTS = ("sip.example", "192.0.2.7", "a.b-c.example.org", "x1")
OF_TYPE = {
    KeyType.IP: ("192.0.2.7", "10.0.0.1", "255.255.255.0", "2001:db8::1", "239.1.2.3"),
    KeyType.HOST: HOSTS,
    KeyType.HOST_PORT: (*HOSTS, "sip.example:5061"),
    KeyType.URL: ("http://files.example/a.cfg", "https://h.example:8443/x?y=1", "tftp://192.0.2.7/b"),
}


def values_of(use: KeyUse) -> st.SearchStrategy[str]:
    """Values that the catalogue takes for this key, without errors."""
    key = use.key
    one = _one(key)
    many = (
        one
        if not key.separator
        else st.lists(one, min_size=1, max_size=key.max_items or 3).map(key.separator.join)
    )
    return many.filter(lambda text: not key_values.refused(key_values.check(use, text)))


def _one(key: Key) -> st.SearchStrategy[str]:
    if key.values:
        return st.sampled_from([*key.values, *key.doubtful_values])
    if key.type is KeyType.INTEGER:
        numbers = st.integers(int(key.minimum or 0), int(key.maximum if key.maximum is not None else 9999))
        return st.one_of(numbers.map(str), *([st.sampled_from(key.special)] if key.special else []))
    if key.type is KeyType.FLOAT:
        tenths = st.integers(int((key.minimum or 0) * 10), int((key.maximum or 9) * 10))
        return tenths.map(lambda number: f"{number / 10:g}")
    if key.type in OF_TYPE:
        return st.sampled_from(OF_TYPE[key.type])
    if key.pattern:
        return st.from_regex(key.pattern, fullmatch=True)
    known = [
        *key.doubtful_values,
        *(v for v in ([key.default] if isinstance(key.default, str) else key.default.values())),
    ]
    text = st.text(
        st.characters(min_codepoint=33, max_codepoint=126),
        min_size=key.min_length or 0,
        max_size=min(key.max_length or 64, 64),
    )
    return text | st.sampled_from(known) if known else text
