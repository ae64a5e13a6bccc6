"""Names and numbers of addresses, where a server looks them up (`data.store.address_names`); empty in other stores.

Nothing stands here that the address layer does not say: it is filled from it, left out of backups, and made anew when
it is missing.  The trigram index is made with the rows, so that a server without trigrams can still have the tables.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Table

from data.store.tables.base import BY_COUNTY, METADATA, text

address_editions = Table(
    "address_editions",
    METADATA,
    text("county"),
    Column("edition", BigInteger, nullable=False, autoincrement=False),
    text("content"),  # digest of the addresses it was made of
    Column("longest", BigInteger, nullable=False),  # characters of the longest spelling
    PrimaryKeyConstraint("county", "edition"),
)
"""What of `address_names` and `address_keys` belongs together; the newest, and the one before for those who read it."""

address_names = Table(
    "address_names",
    METADATA,
    text("county"),
    Column("edition", BigInteger, nullable=False),
    text("name"),  # a spelling, normalised
    Column("place", BigInteger, nullable=False),  # order among what the spelling names
    Column("id", BigInteger, nullable=False),  # of the name that it names
    Column("kind", BigInteger, nullable=False),
    Column("how", BigInteger, nullable=False),  # whole, short, ...
    text("sounds", required=False),  # of whole names: a word for every sound
    PrimaryKeyConstraint("county", "edition", "name", "place"),
    postgresql_partition_by=BY_COUNTY,
)

address_keys = Table(
    "address_keys",
    METADATA,
    text("county"),
    Column("edition", BigInteger, nullable=False),
    Column("kind", BigInteger, nullable=False),  # of the name: estate, street, community
    Column("name", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),  # building, door number; 0: none
    Column("index_row", BigInteger, nullable=False),  # of the address, in the index it was made with
    text("place"),  # community it lies in, or the start of its code
    PrimaryKeyConstraint("county", "edition", "kind", "name", "number", "index_row"),
    postgresql_partition_by=BY_COUNTY,
)
