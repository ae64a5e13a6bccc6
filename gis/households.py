"""Households where a source has none: a stated model, never a silent guess.

Dwelling counts are used where they exist; a house-sized building holds one household; the rest goes by floor area, the
use of the building and an area per household.
What was modelled, from what and with which figures comes back as one sentence for the file's ``households_basis``.
Counts the source did bring are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from gis.apportion import share_whole
from gis.errors import InputError
from gis.report import QualityReport


@dataclass(frozen=True, slots=True)
class Use:
    """What a use means for housing: the share of its floor area people live in, and the storeys it usually has."""

    residential_frac: float
    levels: int


USES: Mapping[str, Use] = MappingProxyType(
    {
        "residential": Use(1.0, 2),
        "house": Use(1.0, 2),
        "apartments": Use(1.0, 5),
        "mixed": Use(0.6, 4),
        "commercial": Use(0.0, 3),
        "retail": Use(0.0, 2),
        "office": Use(0.0, 5),
        "hotel": Use(0.0, 4),
        "market": Use(0.0, 1),
        "industrial": Use(0.0, 1),
        "warehouse": Use(0.0, 1),
        "school": Use(0.0, 3),
        "hospital": Use(0.0, 4),
        "government": Use(0.0, 3),
        "religious": Use(0.0, 1),
        "culture": Use(0.0, 2),
        "sport": Use(0.0, 1),
        "transport": Use(0.0, 1),
        "farm_building": Use(0.0, 1),
        "garage": Use(0.0, 1),
        "shed": Use(0.0, 1),
        "utility": Use(0.0, 1),
        "construction": Use(0.0, 1),
    }
)
"""Uses gridwright knows.  Nobody lives in those with a residential share of 0."""

UNKNOWN = Use(1.0, 2)
"""A building whose use the source leaves open counts as housing; the basis says how many there were."""

_SAME: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("dwelling", "terrace", "住宅", "居住", "居民楼"), "residential"),
        **dict.fromkeys(("detached", "villa", "bungalow", "民房", "农房", "平房", "别墅"), "house"),
        **dict.fromkeys(("apartment", "tower", "dormitory", "flats", "公寓", "高层", "宿舍", "住宅楼"), "apartments"),
        **dict.fromkeys(("mixed_use", "shop_house", "shophouse", "商住", "商住混合", "综合"), "mixed"),
        **dict.fromkeys(("business", "商业", "商务", "金融"), "commercial"),
        **dict.fromkeys(("shop", "mall", "商场", "商铺"), "retail"),
        **dict.fromkeys(("办公", "写字楼", "办公楼"), "office"),
        **dict.fromkeys(("宾馆", "酒店"), "hotel"),
        **dict.fromkeys(("市场", "农贸市场"), "market"),
        **dict.fromkeys(("factory", "工业", "厂房", "工厂"), "industrial"),
        **dict.fromkeys(("仓库", "仓储", "storage"), "warehouse"),
        **dict.fromkeys(("kindergarten", "university", "college", "education", "学校", "幼儿园", "教育"), "school"),
        **dict.fromkeys(("clinic", "医院", "医疗", "health"), "hospital"),
        **dict.fromkeys(("public", "civic", "政府", "行政", "机关"), "government"),
        **dict.fromkeys(("church", "temple", "mosque", "寺庙", "宗教"), "religious"),
        **dict.fromkeys(("barn", "stable", "greenhouse"), "farm_building"),
        **dict.fromkeys(("garages", "parking", "车库", "停车"), "garage"),
        **dict.fromkeys(("service", "公用设施", "配套"), "utility"),
    }
)
_UNSAID = frozenset({"", "yes", "unknown", "other", "nan", "none", "未知", "其他", "其它"})

_SMALL_M2 = 40.0
_HOUSE_M2, _HOUSE_LEVELS = 220.0, 3
_NEIGHBOURS, _NEAR_M = 8, 300.0


@dataclass(frozen=True, slots=True)
class ModelledHouseholds:
    """Buildings with households, and how they came about.

    Attributes
    ----------
    buildings
        A copy of the table with ``households`` filled (Int64); row order kept.
    is_modelled
        Which rows the model filled.
    basis
        One sentence for ``meta["households_basis"]``.
    total
        Households the model placed.
    """

    buildings: gpd.GeoDataFrame
    is_modelled: NDArray[np.bool_]
    basis: str
    total: int

    @property
    def meta(self) -> dict[str, str]:
        """Facts for the territory's ``meta``."""
        n = int(self.is_modelled.sum())
        return {"households_basis": self.basis, "households_modelled": f"{n} of {len(self.buildings)} buildings"}


def model_households(
    buildings: gpd.GeoDataFrame,
    *,
    households_per_dwelling: float | None = None,
    floor_area_per_household_m2: float = 100.0,
    default_levels: int | None = None,
    report: QualityReport | None = None,
) -> ModelledHouseholds:
    """Fill the households of buildings that have none stated.

    Parameters
    ----------
    buildings
        Table in a metric CRS.  Used: ``id, households, levels, use, community`` and, where present, ``dwellings``.
        Rows whose ``households`` is given (0 included) stay as they are.
    households_per_dwelling
        Households in one dwelling (occupied share); ``None`` counts one household a dwelling.
    floor_area_per_household_m2
        Gross floor area per household, for buildings without a dwelling count.  A building tagged as a house, or
        housing on at most 220 m2 of ground with at most 3 storeys, counts one household however large its floors.
    default_levels
        Storeys of housing where nothing is known; ``None``: the median of up to 8 neighbours of like use within
        300 m that state their storeys, else the usual figure of the use (`USES`).
    report
        Takes the basis and what could not be modelled.

    Returns
    -------
    ModelledHouseholds
        In each community the whole numbers sum to the rounded sum of the model (largest remainders, ties by id).

    Raises
    ------
    InputError
        ``crs_not_metres``, ``households_factor_bad``.
    """
    report = QualityReport() if report is None else report
    _check(buildings, households_per_dwelling, floor_area_per_household_m2, default_levels)
    order = np.argsort(buildings["id"].astype(str).to_numpy(dtype=object), kind="stable")
    table = buildings.iloc[order]
    given = _integers(table, "households")
    missing = given.isna().to_numpy()
    dwellings = _integers(table, "dwellings")
    factor = 1.0 if households_per_dwelling is None else float(households_per_dwelling)
    by_dwelling = missing & dwellings.notna().to_numpy()
    by_area = missing & ~by_dwelling
    area_m2, guessed = floor_area_m2(table, default_levels=default_levels)
    model = np.zeros(len(table))
    model[by_dwelling] = dwellings.to_numpy(dtype=float, na_value=0.0)[by_dwelling] * factor
    lived_in = np.array([use_of(use).residential_frac for use in _column(table, "use")])
    footprint_m2 = shapely.area(np.asarray(table.geometry.array))
    # Housing below 40 m2 on one floor is a shed or a garage that nobody tagged.
    hut = (footprint_m2 < _SMALL_M2) & (area_m2 < 2 * _SMALL_M2)
    size = area_m2 * lived_in / floor_area_per_household_m2
    is_house = _is_house(table, footprint_m2, area_m2, lived_in)
    model[by_area] = np.where(hut, 0.0, np.where(is_house, np.minimum(size, 1.0), size))[by_area]
    groups, n_groups = _groups(table)
    totals = np.floor(np.round(np.bincount(groups, weights=model, minlength=n_groups), 6) + 0.5).astype(np.int64)
    filled = np.zeros(len(table), dtype=np.int64)
    # Only buildings that have some share may receive a household, so that none lands in a school or a shed.
    able = np.flatnonzero(model > 0)
    filled[able] = share_whole(model[able], groups[able], totals)
    households = given.where(~missing, pd.Series(filled, index=table.index).astype("Int64"))
    result = buildings.copy()
    result["households"] = households.loc[buildings.index] if buildings.index.is_unique else _back(households, order)
    is_modelled = np.zeros(len(table), dtype=bool)
    is_modelled[order] = missing
    total = int(filled.sum())
    unknown = sum(_is_unsaid(use) for use in np.asarray(_column(table, "use"), dtype=object)[by_area & (model > 0)])
    basis = _basis(
        n_buildings=len(table),
        given=int((~missing).sum()),
        by_dwelling=int(by_dwelling.sum()),
        houses=int((by_area & is_house & (model > 0)).sum()),
        by_area=int((by_area & ~is_house & (model > 0)).sum()),
        guessed=int((guessed & by_area & (model > 0)).sum()),
        unknown=unknown,
        factor=factor,
        is_factor_said=households_per_dwelling is not None,
        per_household_m2=floor_area_per_household_m2,
        total=total,
    )
    _tell(report, table, missing, by_area, footprint_m2, lived_in, total, basis)
    return ModelledHouseholds(result, is_modelled, basis, total)


def _is_house(
    table: gpd.GeoDataFrame,
    footprint_m2: NDArray[np.float64],
    area_m2: NDArray[np.float64],
    lived_in: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Buildings that hold one household: tagged as a house, or housing of a house's size."""
    tagged = np.array([_word(use) == "house" for use in _column(table, "use")], dtype=bool)
    plain = np.array([_is_unsaid(use) or _word(use) == "residential" for use in _column(table, "use")], dtype=bool)
    sized = (footprint_m2 > 0) & (footprint_m2 <= _HOUSE_M2) & (area_m2 <= footprint_m2 * (_HOUSE_LEVELS + 0.5))
    return tagged | (plain & sized & (lived_in > 0))


def use_of(use: object) -> Use:
    """What a use says about housing; words of other sources, Chinese ones too, are understood."""
    if _is_unsaid(use):
        return UNKNOWN
    return USES.get(_word(use), UNKNOWN)


def _word(use: object) -> str:
    word = str(use).strip().lower()
    return _SAME.get(word, word)


def floor_area_m2(
    buildings: gpd.GeoDataFrame, *, default_levels: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Gross floor area of each building, and whether its storeys had to be guessed.

    Parameters
    ----------
    buildings
        Table in a metric CRS, sorted by id (ties between neighbours go by position).
    default_levels
        Storeys where nothing is known, instead of the neighbours' median.
    """
    footprint_m2 = shapely.area(np.asarray(buildings.geometry.array))
    said = _integers(buildings, "levels").to_numpy(dtype=float, na_value=np.nan)
    levels = np.where(said >= 1, said, np.nan)
    guessed = np.isnan(levels)
    uses = [use_of(use) for use in _column(buildings, "use")]
    usual = np.array([float(use.levels) for use in uses])
    is_housing = np.array([use.residential_frac > 0 for use in uses], dtype=bool)
    if default_levels is not None:
        levels = np.where(guessed, np.where(is_housing, default_levels, usual), levels)
    else:
        levels = np.where(guessed, usual, levels)
        for like in (is_housing, ~is_housing):
            known, asked = np.flatnonzero(like & ~guessed), np.flatnonzero(like & guessed)
            median = _neighbours_median(buildings, known, asked, said)
            levels[asked] = np.where(np.isnan(median), levels[asked], median)
    return footprint_m2 * levels, guessed


def _neighbours_median(
    buildings: gpd.GeoDataFrame, known: NDArray[np.int64], asked: NDArray[np.int64], levels: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Median storeys of the nearest buildings that state them; NaN with fewer than three nearby."""
    median = np.full(len(asked), np.nan)
    if len(known) < 3 or not len(asked):
        return median
    # Millimetres: moving the map by a rounding error must not change who is nearest.
    xy = np.round(shapely.get_coordinates(shapely.centroid(np.asarray(buildings.geometry.array))), 3)
    k = min(_NEIGHBOURS, len(known))
    away, which = cKDTree(xy[known]).query(xy[asked], k=k, distance_upper_bound=_NEAR_M)
    near = np.isfinite(away)
    values = np.where(near, levels[known][np.minimum(which, len(known) - 1)], np.nan)
    enough = near.sum(axis=1) >= 3
    if enough.any():
        median[enough] = np.maximum(np.floor(np.nanmedian(values[enough], axis=1) + 0.5), 1.0)
    return median


def _check(
    buildings: gpd.GeoDataFrame, per_dwelling: float | None, per_household_m2: float, default_levels: int | None
) -> None:
    require_metres(buildings, "buildings")
    for name, value, low, high in (
        ("households_per_dwelling", per_dwelling, 0.0, 10.0),
        ("floor_area_per_household_m2", per_household_m2, 5.0, 10_000.0),
        ("default_levels", default_levels, 1.0, 200.0),
    ):
        if value is not None and not (np.isfinite(value) and low <= value <= high):
            raise InputError("households_factor_bad", column=name, measured=value, allowed=f"{low:g}-{high:g}")


def require_metres(table: gpd.GeoDataFrame, layer: str) -> None:
    """Raise ``crs_not_metres`` unless a table is in a projected CRS in metres."""
    crs = table.crs
    if crs is None or not crs.is_projected or any(axis.unit_conversion_factor != 1.0 for axis in crs.axis_info[:2]):
        raise InputError("crs_not_metres", layer=layer, measured="none" if crs is None else crs.name)


def _column(table: gpd.GeoDataFrame, name: str) -> list[Any]:
    return table[name].tolist() if name in table.columns else [None] * len(table)


def _integers(table: gpd.GeoDataFrame, name: str) -> pd.Series:
    return pd.Series(pd.array(_column(table, name), dtype="Float64"), index=table.index).round().astype("Int64")


def _groups(table: gpd.GeoDataFrame) -> tuple[NDArray[np.int64], int]:
    """Community of each row as a number; rows without one share a group."""
    names = ["" if pd.isna(value) else str(value) for value in _column(table, "community")]
    codes, numbers = np.unique(np.array(names, dtype=object).astype(str), return_inverse=True)
    return numbers.astype(np.int64), max(len(codes), 1)


def _back(values: pd.Series, order: NDArray[np.int64]) -> Any:
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return values.array[back]


def _is_unsaid(use: object) -> bool:
    return use is None or use is pd.NA or use != use or str(use).strip().lower() in _UNSAID


def _basis(
    *,
    n_buildings: int,
    given: int,
    by_dwelling: int,
    houses: int,
    by_area: int,
    guessed: int,
    unknown: int,
    factor: float,
    is_factor_said: bool,
    per_household_m2: float,
    total: int,
) -> str:
    parts = []
    if by_dwelling:
        said = "" if is_factor_said else " (assumed)"
        parts.append(f"{by_dwelling} from dwelling counts x {factor:g} households per dwelling{said}")
    if houses:
        parts.append(f"{houses} houses with at most one household each")
    if by_area:
        parts.append(f"{by_area} from floor area / {per_household_m2:g} m2 per household")
    if guessed or unknown:
        parts.append(f"storeys estimated for {guessed}, use unknown and taken as housing for {unknown}")
    if given:
        parts.append(f"{given} stated by the source")
    parts.append("whole numbers by largest remainder per community")
    return f"modelled, not counted: {total} households in {n_buildings} buildings ({'; '.join(parts)})"


def _tell(
    report: QualityReport,
    table: gpd.GeoDataFrame,
    missing: NDArray[np.bool_],
    by_area: NDArray[np.bool_],
    footprint_m2: NDArray[np.float64],
    lived_in: NDArray[np.float64],
    total: int,
    basis: str,
) -> None:
    if missing.any():
        report.add("note_households_modelled", "buildings", before=int(missing.sum()), after=total, basis=basis)
    flat = by_area & (footprint_m2 <= 0) & (lived_in > 0)
    if flat.any():
        ids = ", ".join(table["id"].astype(str).to_numpy(dtype=object)[flat][:20])
        report.add("warn_households_no_footprint", "buildings", ids, before=int(flat.sum()), after=0)
