"""The reform of villages in the sample town: two neighbours become one, with a number that was never used."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from gis.territory import Territory


def merge_villages(territory: Territory) -> tuple[Territory, dict[str, str]]:
    """Merge the two villages that share the longest border: the later territory and old code -> new code."""
    communities = territory["communities"]
    rural = communities[communities["kind"] == "rural"]
    shapes, codes = np.asarray(rural.geometry.array), rural["code"].to_numpy()
    a, b = shapely.STRtree(shapes).query(shapes, predicate="touches")
    keep = a < b
    a, b = a[keep], b[keep]
    same_town = rural["town"].to_numpy()[a] == rural["town"].to_numpy()[b]
    a, b = a[same_town], b[same_town]
    length = shapely.length(shapely.intersection(shapes[a], shapes[b])) if len(a) else np.empty(0)
    if not len(length) or length.max() <= 1.0:
        return territory, {}
    k = int(length.argmax())
    pair = [str(codes[a[k]]), str(codes[b[k]])]
    town = pair[0][:9]
    # A number is never given twice: the lowest that no village of this town has had.
    used = {int(code[9:]) for code in codes if code[:9] == town}
    code = f"{town}{next(n for n in range(200, 400) if n not in used):03d}"
    merger = dict.fromkeys(sorted(pair), code)
    row = communities[communities["code"] == pair[0]].copy()
    row["code"] = code
    row["name"] = str(row["name"].iloc[0]).replace("村", "新村")
    row["geometry"] = [shapely.normalize(shapely.coverage_union_all(shapes[[a[k], b[k]]]))]
    rest = communities[~communities["code"].isin(pair)]
    changed = {"communities": pd.concat([rest, row])}
    for name in ("units", "buildings", "posts"):
        changed[name] = territory[name].assign(community=territory[name]["community"].replace(merger))
    return territory.with_layers(**changed), merger
