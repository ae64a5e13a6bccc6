"""Invented Chinese names: combined from a list of syllables, each used once, none taken from a real place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FIRST = (
    "和建新文青长永安兴富金银玉翠锦明清东南西北中春夏秋云江河湖松柏竹梅兰桂枫柳杨荷莲"
    "龙凤鹤燕星月日天地福寿康宁泰祥瑞嘉德仁义礼智信学书墨丹紫碧红白丰盛昌隆华光朝晨晓"
)
_SECOND = (
    "平设华化年安乐兴民康泰宁和顺昌盛丰源泉溪河江湖塘湾洲岭山坡岗林园圃苑亭桥门城台阁"
    "楼院堂井田苗禾穗谷香芳花叶枝荫晖辉光明阳霞云岚霖露霜雪风月星辰心德贤义仁善信诚友邻"
)

MAIN_SUFFIXES = ("大道", "路", "路", "路", "街", "街")
ESTATE_SUFFIXES = ("花园", "家园", "名苑", "华庭", "嘉园", "公馆", "新城", "雅苑", "府", "小区")

_DIGITS = "零一二三四五六七八九"


class Names:
    """Gives out two- and three-syllable names, never the same twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        pairs = [a + b for a in dict.fromkeys(_FIRST) for b in dict.fromkeys(_SECOND) if a != b]
        self._pairs: NDArray[np.str_] = np.asarray(pairs)[rng.permutation(len(pairs))]
        self._next = 0

    def take(self, n: int = 1) -> list[str]:
        """The next ``n`` names."""
        out = []
        for k in range(self._next, self._next + n):
            turn, place = divmod(k, len(self._pairs))
            name = str(self._pairs[place])
            out.append(name if turn == 0 else name[0] + _FIRST[turn % len(_FIRST)] + name[1])
        self._next += n
        return out


def numeral(n: int) -> str:
    """A number up to 99 in Chinese characters: 3 -> 三, 12 -> 十二, 20 -> 二十."""
    if n < 10:
        return _DIGITS[n]
    tens, ones = divmod(n, 10)
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")
