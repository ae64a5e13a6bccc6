"""Fills the facts of a sentence in; one thing and many may have words of their own.

``{n} {n:household|households}``: where what follows the colon holds ``|``, the first part is said when the fact is
exactly 1, else the second.  Pages do the same in ``api/pages/desk_words.js`` and ``maps/static/say.js``.  The words
themselves belong to the floors above.
"""

from __future__ import annotations

import string

MISSING = object()


def fill(text: str, /, **facts: object) -> str:
    """``text`` with its facts filled in, as ``str.format`` does, and the choices between one and many made.

    Raises
    ------
    KeyError
        A fact of the text is not given.
    """
    return _Filler().vformat(text, (), facts)


def one_or_many(fact: object, choice: str) -> str:
    """The part of ``one|many`` that fits a fact: a number, a number as text, or `MISSING`, which counts as many."""
    one, _, many = choice.partition("|")
    is_one = not isinstance(fact, bool) and (fact == 1 or fact == "1")
    return one if is_one else many


class _Filler(string.Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        return one_or_many(value, format_spec) if "|" in format_spec else str(format(value, format_spec))
