"""What phones say of themselves, on the console: it cannot break a page, nor turn its words about."""

from __future__ import annotations

import codecs
import csv
import io
from urllib.parse import quote

from acs.store import indexes
from tests.unit.northbound.conftest import put_device

#: Turns what stands after it about; no model's name may have it.
TURNING = "\u202e"


def test_a_model_of_an_odd_name_leaves_the_layers_of_all_others(browser, store, a_phone):
    for model in ("CP860", f"CP8{TURNING}60", "A" * 65):
        device = a_phone(product_class=model)
        put_device(store, device)
        store.run(indexes.put(device))
    page = browser().get("/configuration")
    assert page.status == 200
    assert "Model CP860" in page.text
    assert "AAA" not in page.text


def test_words_are_not_turned_about_by_what_a_phone_says(browser, phone):
    known = phone(software_version=f"37{TURNING}1.1", manufacturer="<script>alert(1)</script>")
    page = browser().get(f"/phones/{quote(known, safe='')}")
    assert TURNING not in page.source
    assert "37\N{REPLACEMENT CHARACTER}1.1" in page.text
    assert "<script>alert" not in page.source


def test_templates_are_written_as_the_page_says(browser, api, phone):
    """The example on the page is taken by a layer, and filled in."""
    known = phone()
    api("PATCH", f"/devices/{known}", json={"attributes": {"extension": "401"}})
    adam = browser()
    [example] = [one.text for one in adam.get("/configuration").tree.xpath("//main//code")]
    assert api("PATCH", "/config", json={"values": {"account.1.label": example}}).status_code == 200
    found = api("GET", f"/devices/{known}/config").json()["effective"]
    assert found["account.1.label"]["value"] == "401"


def test_a_table_for_a_spreadsheet_has_no_formulas_in_it(browser, api, phone):
    known = phone()
    notes = {
        "label": '=HYPERLINK("http://x")',
        "tags": ["+1", "büro"],
        "attributes": {"extension": "@SUM(1)"},
    }
    assert api("PATCH", f"/devices/{known}", json=notes).status_code == 200
    adam = browser(role="admin")
    page = adam.get("/phones")
    chosen = [("column", name) for name in ("label", "tags", "extension")]
    adam.post("/phones/columns", [("csrf", adam.csrf(page)), *chosen])
    table = adam.client.get("/phones.csv").content
    assert table.startswith(codecs.BOM_UTF8)
    [row] = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    assert row["label"] == '\'=HYPERLINK("http://x")'
    assert row["tags"] == "'+1 büro"
    assert row["extension"] == "'@SUM(1)"
    assert adam.client.get("/audit.csv").content.startswith(codecs.BOM_UTF8)
