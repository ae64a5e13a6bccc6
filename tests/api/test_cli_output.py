"""Standard output holds results only."""

from __future__ import annotations

import ctypes
import subprocess
import sys

from api.cli.talk import Talk

_NOISY = """
import ctypes, sys
from api.cli.talk import Talk
with Talk("en", True).progress():
    ctypes.CDLL(None).puts(b"noise of a library")
print("result")
"""


def test_what_a_c_library_prints_while_work_runs_stays_out_of_standard_output():
    run = subprocess.run([sys.executable, "-c", _NOISY], capture_output=True, text=True, check=True)
    assert run.stdout == "result\n"


def test_standard_output_is_back_after_the_work(capfd):
    with Talk("en", True).progress():
        ctypes.CDLL(None).puts(b"noise")
    print("result")
    assert capfd.readouterr().out == "result\n"
