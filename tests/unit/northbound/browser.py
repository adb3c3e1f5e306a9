"""A browser without scripts: it keeps cookies, follows redirects, fills in forms as they stand on a page."""

from __future__ import annotations

from urllib.parse import urlencode, urljoin

import httpx
from lxml import html

PASSWORD = "a long night shift"

Fields = list[tuple[str, str]]


class Page:
    """What was answered: its status, where it is, and its text without the frame."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.path = answer.url.path
        self.location = str(answer.url.raw_path.decode())
        self.source = answer.text
        self.tree = html.fromstring(answer.text) if answer.text else html.Element("html")
        main = self.tree.xpath("//main")
        self.text = " ".join(" ".join((main[0] if main else self.tree).itertext()).split())

    def element(self, identifier: str) -> html.HtmlElement:
        [found] = self.tree.xpath("//*[@id=$id]", id=identifier)
        return found

    def has(self, identifier: str) -> bool:
        return bool(self.tree.xpath("//*[@id=$id]", id=identifier))

    def value(self, name: str) -> str | None:
        """What stands in the field of this name."""
        [field] = self.tree.xpath("//main//*[@name=$name]", name=name)
        return field.value

    def faults(self) -> dict[str, str]:
        """What is said at which field, by the field's name."""
        wrong = self.tree.xpath("//main//*[@aria-invalid='true']")
        return {
            one.get("name"): " ".join(self.element(one.get("aria-describedby")).text_content().split())
            for one in wrong
        }


class Browser:
    def __init__(self, url: str) -> None:
        self.client = httpx.Client(base_url=url, trust_env=False, follow_redirects=True, timeout=60)

    def log_in(self, name: str) -> Browser:
        answer = self.client.post("/login", data={"name": name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return self

    def get(self, path: str) -> Page:
        return Page(self.client.get(path))

    def send(
        self, page: Page, form: str, fields: dict[str, str | list[str]] | None = None, **more: str
    ) -> Page:
        """Fill in the form with this id, or the one whose action this is, and send it."""
        found = page.tree.xpath("//form[@id=$form or @action=$form]", form=form)
        assert found, f"no form {form} on {page.path}: {page.text}"
        given = {**(fields or {}), **more}
        pairs: Fields = [pair for pair in found[0].form_values() if pair[0] not in given]
        for name, value in given.items():
            pairs += [(name, one) for one in (value if isinstance(value, list) else [value])]
        return self.post(urljoin(page.path, found[0].get("action") or page.path), pairs)

    def post(self, path: str, pairs: Fields) -> Page:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return Page(self.client.post(path, content=urlencode(pairs), headers=form))

    def csrf(self, page: Page) -> str:
        [meta] = page.tree.xpath("//meta[@name='csrf']")
        return meta.get("content")
