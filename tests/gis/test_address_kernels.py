"""What is compiled says what Python says, and is loaded only when it is needed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import gis.address.blobs as room
from gis.address.blobs import Texts, hashes
from gis.address.kernels import hash_texts

_QUESTION = """
import sys
import numpy as np
from gis.address import AddressIndex
with np.load(sys.argv[1]) as held:
    arrays = dict(held)
index = AddressIndex.of_arrays(arrays, {"region": "", "format": "1"})
assert index.find("望城街道枫林路1号").status == "exact"
print(sorted({"numba", "pandas", "geopandas", "scipy"} & sys.modules.keys()))
"""


@given(st.lists(st.text(max_size=12), max_size=30))
def test_few_texts_have_the_hashes_that_many_have(texts: list[str]) -> None:
    packed = Texts.of(texts)
    np.testing.assert_array_equal(hash_texts(packed.units, packed.starts), hashes(texts))


def test_many_texts_have_the_hashes_that_few_have() -> None:
    texts = [f"望月小区{k}栋" for k in range(room._FEW_UNITS)]
    np.testing.assert_array_equal(hashes(texts), np.concatenate([hashes([text]) for text in texts]))


def test_hashes_are_the_same_in_every_process_and_release() -> None:
    assert hashes(["", "望月小区3栋"]).tolist() == [
        [14695981032226079745, 11400714819323198485],
        [2079444061826076140, 15326076100369287102],
    ]


def test_a_text_that_the_layer_has_is_found_without_loading_compiler_or_tables(tmp_path) -> None:
    import pandas as pd

    from gis.address import build_index

    index = build_index(pd.DataFrame({"id": ["a"], "text": ["望城街道枫林路1号"]}))
    np.savez(tmp_path / "index.npz", **index.arrays())
    words = [sys.executable, "-c", _QUESTION, str(tmp_path / "index.npz")]
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "[]", run.stderr
