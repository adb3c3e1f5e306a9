"""All kinds of resource files, and which of them a file is."""

from __future__ import annotations

from acs.datamodel.resources import contacts, dial_rules, documents, listings, phone_books, softkeys
from acs.datamodel.resources.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        dial_rules.REPLACE_RULES,
        dial_rules.DIAL_NOW,
        *softkeys.SOFTKEYS,
        listings.DIRECTORY,
        listings.SUPER_SEARCH,
        contacts.LOCAL_CONTACTS,
        phone_books.PHONE_BOOK_MENU,
        phone_books.PHONE_BOOK_DEPARTMENT,
    )
}


class UnknownKind(LookupError):
    """There is no kind of resource file of this name; the text lists those there are."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no kind of resource file {name!r}; there are: {', '.join(KINDS)}")
        self.name = name


def kind_of(name: str) -> Kind:
    """Raises UnknownKind."""
    if name not in KINDS:
        raise UnknownKind(name)
    return KINDS[name]


def recognised(content: bytes) -> Kind | None:
    """The kind by the root element, or by the first tag where the bytes are no XML; None for no kind."""
    root, _ = documents.read(content, wrapper="any")
    tags = {str(child.tag) for child in root} if root is not None else {documents.first_tag(content)}
    return next((kind for kind in KINDS.values() if tags & set(kind.roots)), None)
