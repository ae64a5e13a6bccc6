"""Names in PostgreSQL: suggestions and addresses in Latin script are answered as from memory."""

from __future__ import annotations

import pandas as pd
import pytest

from data.store import SqlStore
from data.store.address_names import DatabaseIndex, fill_names
from gis.address import AddressIndex, build_index
from gis.address.types import ESTATE
from tests.stores import act

COUNTY = "430100"
_STREETS = ["Rue Grimaldi", "Avenue Albert II", "Dorfstrasse", "Bedok North Road", "Ang Mo Kio Ave 1"]


@pytest.fixture(scope="module")
def index() -> AddressIndex:
    latin = [(street, str(n), ("Vaduz", "Triesen")[n % 2]) for street in _STREETS for n in range(1, 9)]
    han = [("望月小区", str(n)) for n in range(1, 12)] + [("绿园二号院", "1")]
    table = pd.DataFrame(
        [
            *({"text": f"{s} {n}, {town}", "street": s, "number": n, "town": town} for s, n, town in latin),
            *(
                {
                    "text": f"岳麓区桐梓坡路12号{e}{n}栋",
                    "street": "桐梓坡路",
                    "number": "12",
                    "estate": e,
                    "building": n,
                }
                for e, n in han
            ),
        ]
    )
    table.insert(0, "id", [str(k) for k in range(len(table))])
    return build_index(table.where(table.notna(), None), aliases={(ESTATE, "老机械厂"): "望月小区"})


@pytest.fixture
def there(postgis_store: SqlStore, index: AddressIndex) -> DatabaseIndex:
    with postgis_store.write(act()) as tx:
        edition = fill_names(tx, COUNTY, "first", index, [f"{COUNTY}001001"] * len(index))
    return DatabaseIndex(index.arrays(), index.meta, postgis_store, COUNTY, *edition)


def test_addresses_in_latin_script_are_answered_as_from_memory(there: DatabaseIndex, index: AddressIndex) -> None:
    statuses = set()
    for text in (
        "Dorfstr. 3, Triesen",
        "3 Rue Grimladi Triesen",
        "Rue Grimaldi 2",
        "Rue Grimaldi 99",
        "5 Bedok South Road",
        "Ang Mo Kio Avenue 1",
        "7 Ang Mo Kio Avenue 10",
        "Nowhere 5",
        "Vaduz",
        "# (",
    ):
        wanted, found = index.find(text), there.find(text)
        assert (found.status, found.candidates, found.reasons) == (wanted.status, wanted.candidates, wanted.reasons)
        assert found.among.tolist() == wanted.among.tolist()
        statuses.add(found.status)
    assert statuses >= {"exact", "building", "street", "not_found"}


@pytest.mark.parametrize(
    "q", ["wyxq", "望月小区1", "lyerhao", "老机", "gri", "12 rue gri", "rue grimaldi", "ang mo", "岳麓区望"]
)
def test_suggestions_are_the_same(there: DatabaseIndex, index: AddressIndex, q: str) -> None:
    assert there.suggest(q) == index.suggest(q)
    assert index.suggest("wyxq")
