"""Words that say whether a camera works, in Chinese and English.  Decides nothing else."""

from __future__ import annotations

_WORKS = """
    在线 正常 良好 完好 无故障 运行 运行中 启用 使用中
    online ok working active up on yes true 1 good normal operational
"""
_SOUNDS_WORKING = "在线 正常 online working"
_FAILS = "off no false 0 bad lost unavailable down dead"
_SOUNDS_FAILING = """
    离线 不在线 未在线 未上线 掉线 断线 断电 故障 坏 损 停用 停机 停止 拆 报废 维修 检修 异常 不正常 非正常 失联 无信号
    黑屏 未启用 弃用 丢失 不可用 关闭
    offline off-line notworking outoforder broken fault fail disable removed inactive damage defect error maintenance
    repair disused dismantled abnormal
"""


def is_working(status: str) -> bool | None:
    """Whether a status says that a camera works; True where it says nothing, None where the word is not known."""
    word = "".join(status.lower().split())
    if not word or word in _WORKS.split():
        return True
    if word in _FAILS.split() or any(part in word for part in _SOUNDS_FAILING.split()):
        return False
    return True if any(part in word for part in _SOUNDS_WORKING.split()) else None
