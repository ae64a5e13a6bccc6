"""Spelling as people have it: a wrong character in a name, numbers in Chinese, building words, old characters."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from functools import cache

from opencc import OpenCC
from pypinyin import lazy_pinyin

_SUFFIXES = ("栋", "栋", "幢", "号楼", "#楼", "#", "座")
_DIGITS = "零一二三四五六七八九"
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")
_COMMON = "中大小新东西南北金华安平和兴明光春城园山水江海天龙凤"
_TRADITIONAL = OpenCC("s2t")


def is_han(character: str) -> bool:
    """Whether it is a Chinese character of the common block."""
    return "一" <= character <= "鿿"


@cache
def _sounds() -> tuple[dict[str, str], dict[str, list[str]]]:
    """Sound without tone of each character of GB 2312, and the characters of each sound."""
    characters = [bytes((a, b)).decode("gb2312", "ignore") for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF)]
    sound_of = {c: lazy_pinyin(c)[0] for c in characters if c}
    alike: dict[str, list[str]] = {}
    for character, sound in sound_of.items():
        alike.setdefault(sound, []).append(character)
    return sound_of, alike


def _homophone(name: str, at: int, rng: random.Random) -> str:
    sound_of, alike = _sounds()
    others = [c for c in alike.get(sound_of.get(name[at], ""), ()) if c != name[at]]
    return name[:at] + rng.choice(others) + name[at + 1 :] if others else name


def _deleted(name: str, at: int, rng: random.Random) -> str:
    return name[:at] + name[at + 1 :]


def _inserted(name: str, at: int, rng: random.Random) -> str:
    return name[:at] + rng.choice(_COMMON) + name[at:]


def _swapped(name: str, at: int, rng: random.Random) -> str:
    if at + 1 >= len(name) or not is_han(name[at + 1]):
        return name
    return name[:at] + name[at + 1] + name[at] + name[at + 2 :]


_EDITS: tuple[tuple[float, Callable[[str, int, random.Random], str]], ...] = (
    (0.50, _homophone),
    (0.70, _deleted),
    (0.85, _inserted),
    (1.00, _swapped),
)


def mistyped(name: str, rng: random.Random, known: Collection[str] = ()) -> str:
    """The name with one edit; as it is where it has fewer than three characters.

    Half are homophones, a fifth leave a character out, the rest put one in or swap two.  Never a name of ``known``.
    """
    places = [k for k, c in enumerate(name) if is_han(c)]
    if len(name) < 3 or not places:
        return name
    for _ in range(50):
        drawn = rng.random()
        edit = next(edit for share, edit in _EDITS if drawn < share)
        made = edit(name, rng.choice(places), rng)
        if made != name and made not in known:
            return made
    return name


def in_chinese(number: int) -> str:
    """A number from 1 to 999 in Chinese: 三十二, 一百零五."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


def full_width(text: str) -> str:
    """Digits as wide as Chinese characters."""
    return text.translate(_FULL)


def styled(building: str, rng: random.Random) -> str:
    """A building as people write it: 3栋, ３幢, 三号楼, 3#."""
    suffix = rng.choice(_SUFFIXES)
    if building.isdigit() and rng.random() < 0.35 and not suffix.startswith("#"):
        return in_chinese(int(building)) + suffix
    return (full_width(building) if rng.random() < 0.2 else building) + suffix


def traditional(text: str) -> str:
    """The text in traditional characters."""
    return _TRADITIONAL.convert(text)


def mistyped_latin(name: str, rng: random.Random, known: Collection[str] = ()) -> str:
    """One letter changed, left out, doubled or swapped in a word of four or more; never a name of ``known``."""
    places = [at + k for at, word in _words(name) if len(word) >= 4 and word.isalpha() for k in range(len(word))]
    if not places:
        return name
    for _ in range(50):
        at, drawn = rng.choice(places), rng.random()
        if drawn < 0.35:
            made = name[:at] + rng.choice("aeinrstlo") + name[at + 1 :]
        elif drawn < 0.6:
            made = name[:at] + name[at + 1 :]
        elif drawn < 0.8:
            made = name[:at] + name[at] + name[at:]
        elif at + 1 in places:
            made = name[:at] + name[at + 1] + name[at] + name[at + 2 :]
        else:
            continue
        if made.casefold() != name.casefold() and made.casefold() not in known:
            return made
    return name


def _words(name: str) -> list[tuple[int, str]]:
    found, at = [], 0
    for word in name.split(" "):
        found.append((at, word))
        at += len(word) + 1
    return found
