"""Territories and their layers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from data.migrations.steps import (
    JSON_OBJECT,
    LON_LAT_SHAPE,
    confine,
    drop_windows,
    is_postgis,
    make_windows,
    prepare_server,
    unprepare_server,
)
from data.store.shape import Moment

_LAYERS = (
    "communities",
    "units",
    "buildings",
    "addresses",
    "streets",
    "barriers",
    "estates",
    "grids",
    "posts",
    "cameras",
    "key_places",
    "incidents",
)
_ALONG = ("streets", "barriers")  # they lie in several communities: their place is what the codes of these share

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables, their windows and what keeps others out."""
    if is_postgis():
        prepare_server()
    op.create_table(
        "territories",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("file_crs", sa.Text(), nullable=False),
        sa.Column("meta", JSON_OBJECT, nullable=False),
        sa.Column("n_rows", JSON_OBJECT, nullable=False),
        sa.Column("capacity", JSON_OBJECT, nullable=False),
        sa.Column("loaded_at", Moment(), nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_territories"),
        sa.UniqueConstraint("content_hash", name="uq_territories_content_hash"),
    )
    op.create_index("ix_territories_county", "territories", ["county"])
    op.create_table(
        "layer_communities",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("class_code", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_communities"),
        sa.UniqueConstraint("county", "territory", "code", name="uq_layer_communities_county_territory_code"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_communities_territory_fid", "layer_communities", ["territory", "fid"])
    op.create_table(
        "layer_units",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_units"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_units_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_units_territory_fid", "layer_units", ["territory", "fid"])
    op.create_table(
        "layer_buildings",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("population", sa.BigInteger(), nullable=True),
        sa.Column("levels", sa.BigInteger(), nullable=True),
        sa.Column("use", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_buildings"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_buildings_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_buildings_territory_fid", "layer_buildings", ["territory", "fid"])
    op.create_table(
        "layer_addresses",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("estate", sa.Text(), nullable=True),
        sa.Column("building", sa.Text(), nullable=True),
        sa.Column("stairwell", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_addresses"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_addresses_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_addresses_territory_fid", "layer_addresses", ["territory", "fid"])
    op.create_table(
        "layer_streets",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("class", sa.Text(), nullable=True),
        sa.Column("oneway", sa.Text(), nullable=True),
        sa.Column("foot", sa.Text(), nullable=True),
        sa.Column("surface", sa.Text(), nullable=True),
        sa.Column("speed_kmh", sa.Float(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_streets"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_streets_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_streets_territory_fid", "layer_streets", ["territory", "fid"])
    op.create_table(
        "layer_barriers",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_barriers"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_barriers_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_barriers_territory_fid", "layer_barriers", ["territory", "fid"])
    op.create_table(
        "layer_estates",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("dedicated", sa.Boolean(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_estates"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_estates_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_estates_territory_fid", "layer_estates", ["territory", "fid"])
    op.create_table(
        "layer_grids",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_grids"),
        sa.UniqueConstraint("county", "territory", "code", name="uq_layer_grids_county_territory_code"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_grids_territory_fid", "layer_grids", ["territory", "fid"])
    op.create_table(
        "layer_posts",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("community", sa.Text(), nullable=True),
        sa.Column("capacity", JSON_OBJECT, nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_posts"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_posts_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_posts_territory_fid", "layer_posts", ["territory", "fid"])
    op.create_table(
        "layer_cameras",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("heading_deg", sa.Float(), nullable=True),
        sa.Column("hfov_deg", sa.Float(), nullable=True),
        sa.Column("focal_mm", sa.Float(), nullable=True),
        sa.Column("sensor_mm", sa.Float(), nullable=True),
        sa.Column("px_width", sa.BigInteger(), nullable=True),
        sa.Column("height_m", sa.Float(), nullable=True),
        sa.Column("range_m", sa.Float(), nullable=True),
        sa.Column("channels", sa.BigInteger(), nullable=True),
        sa.Column("programme", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_cameras"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_cameras_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_cameras_territory_fid", "layer_cameras", ["territory", "fid"])
    op.create_table(
        "layer_key_places",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("dwell_min", sa.Float(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_key_places"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_key_places_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_key_places_territory_fid", "layer_key_places", ["territory", "fid"])
    op.create_table(
        "layer_incidents",
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("fid", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("territory", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("received_at", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("due_at", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("shape", sa.LargeBinary(), nullable=True),
        sa.Column("geom", LON_LAT_SHAPE, nullable=True),
        sa.PrimaryKeyConstraint("county", "fid", name="pk_layer_incidents"),
        sa.UniqueConstraint("county", "territory", "id", name="uq_layer_incidents_county_territory_id"),
        postgresql_partition_by="LIST (county)",
    )
    op.create_index("ix_layer_incidents_territory_fid", "layer_incidents", ["territory", "fid"])
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_index(
        "uq_territories_county_current",
        "territories",
        ["county"],
        unique=True,
        postgresql_where=sa.text("is_current"),
        sqlite_where=sa.text("is_current"),
    )
    for layer in _LAYERS:
        make_windows(f"layer_{layer}")
    if is_postgis():
        # A territory is seen by whoever lies in it: its card says which layers of it are current.
        confine("territories", "gw_inside(county)", seen="gw_inside(county) or gw_around(county)")
        confine("counters", "gw_known()")
        for layer in _LAYERS:
            also = " or (place <> '' and gw_around(place))" if layer in _ALONG else ""
            confine(f"layer_{layer}", "gw_inside(place)", seen=f"gw_inside(place){also}")


def downgrade() -> None:
    """Take everything away again; extensions stay, others may use them."""
    for layer in reversed(_LAYERS):
        drop_windows(f"layer_{layer}")
    for table in ("counters", *(f"layer_{layer}" for layer in reversed(_LAYERS)), "territories"):
        op.drop_table(table)
    if is_postgis():
        unprepare_server()
