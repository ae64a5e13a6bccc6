"""How the command line speaks: help, usage faults, languages, JSON, exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from api import cli
from api.cli import commands, main
from api.cli.talk import Outcome, Table, Talk, plain
from gis.errors import Fault, InputError

NAMES = [command.NAME for command in commands.ALL]


@pytest.fixture(autouse=True)
def english(monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_LANG", "en")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_of_every_command_explains_it_with_an_example_and_the_exit_statuses(name, language, capsys) -> None:
    assert main([name, "--help", "--lang", language]) == 0
    out = capsys.readouterr().out
    assert out.count(f"gridwright {name}") >= 2
    assert "--json" in out
    assert ("退出码" if language == "zh" else "Exit status") in out
    assert "help_" not in out, "an argument has no help sentence"


def test_help_lists_every_command(capsys) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in NAMES)


def test_help_waits_for_no_heavy_package() -> None:
    # Reading geopandas and its friends takes seconds; help must not wait for them.
    code = (
        "import sys; from api.cli import main; main(['--help']); print(sorted(m for m in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for heavy in ("numpy", "geopandas", "pandas", "shapely", "rich", "fastapi", "highspy"):
        assert f"'{heavy}'" not in done.stderr


def test_an_unknown_command_suggests_the_nearest(capsys) -> None:
    assert main(["drwa"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Did you mean draw?" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "No command given"),
        (["sing"], "Unknown command sing"),
        (["draw"], "Missing: TERRITORY.gpkg, --out"),
        (["draw", "a.gpkg", "--out"], "--out needs a value"),
        (["draw", "a.gpkg", "--out", "b.gpkg", "--seeds", "1"], "Did you mean --seed?"),
        (["draw", "a.gpkg", "--out", "b.gpkg", "--seed", "x"], "--seed: 'x' is not a whole number"),
        (["import", "a", "--out", "b.gpkg", "--outside", "lose"], "choose from"),
        (["check", "a.gpkg", "--lang", "fr"], "choose from"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(argv, says, capsys) -> None:
    assert main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "argv", [["draw", "--json"], ["--json", "draw"], ["--json"], ["--json", "drwa", "--lang", "zh"]]
)
def test_wrong_usage_with_json_is_one_object_on_stdout(argv, capsys) -> None:
    assert main(argv) == 2
    out = capsys.readouterr().out
    (fault,) = json.loads(out)["error"]["faults"]
    assert set(fault) == {"code", "message", "facts"}
    assert fault["code"].startswith("usage_")
    assert out.count("\n") == 1


def test_language_option_works_before_and_after_the_command(capsys) -> None:
    main(["--lang", "zh", "draw"])
    before = capsys.readouterr().err
    main(["draw", "--lang", "zh"])
    after = capsys.readouterr().err
    main(["draw", "--lang=zh"])
    joined = capsys.readouterr().err
    assert before == after == joined
    assert "缺少参数" in before


class Command:
    """A stand-in command whose run does what a test wants."""

    NAME = "check"

    def __init__(self, act) -> None:
        self.act = act

    def add_arguments(self, parser) -> None:
        """Takes nothing."""

    def run(self, arguments, talk) -> Outcome:
        return self.act(talk)


@pytest.fixture
def run(monkeypatch):
    def run(act, *argv: str) -> int:
        monkeypatch.setattr(cli.commands, "ALL", (Command(act),))
        return main(["check", *argv])

    return run


def raising(error: BaseException):
    def act(talk):
        raise error

    return act


def test_every_fault_is_one_line_on_stderr_and_one_entry_in_json(run, capsys) -> None:
    faults = [Fault("file_not_found", {"file": f"a{i}\n.gpkg"}) for i in range(3)]
    assert run(raising(InputError.of(faults)), "--json") == 2
    out, err = capsys.readouterr()
    assert err.count("\n") == 3
    assert [row["facts"]["file"] for row in json.loads(out)["error"]["faults"]] == [
        "a0\n.gpkg",
        "a1\n.gpkg",
        "a2\n.gpkg",
    ]


def test_ctrl_c_gives_130_and_one_sentence(run, capsys) -> None:
    assert run(raising(KeyboardInterrupt())) == 130
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Interrupted")


def test_an_unexpected_error_is_one_line_and_status_70(run, capsys, monkeypatch) -> None:
    monkeypatch.delenv("GRIDWRIGHT_DEBUG", raising=False)
    assert run(raising(ZeroDivisionError("by\nzero")), "--json") == 70
    out, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert "GRIDWRIGHT_DEBUG=1" in err
    assert json.loads(out)["error"]["faults"][0]["code"] == "unexpected_error"


def test_debug_shows_the_trace(run, monkeypatch) -> None:
    monkeypatch.setenv("GRIDWRIGHT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()))


def test_what_the_system_refuses_is_bad_input(run, capsys, monkeypatch) -> None:
    monkeypatch.delenv("GRIDWRIGHT_DEBUG", raising=False)
    assert run(raising(PermissionError(13, "Permission denied", "/srv/x"))) == 2
    assert "/srv/x: the system refused access (Permission denied)" in capsys.readouterr().err


def test_json_is_one_object_without_nan_and_the_table_is_not_printed(run, capsys) -> None:
    def act(talk: Talk) -> Outcome:
        return Outcome(1, {"gap": float("nan"), "n": 3}, ["words", Table(("label_name",), [("a",)])], "gridwright map")

    assert run(act, "--json") == 1
    assert capsys.readouterr().out == '{"gap": null, "n": 3}\n'


def test_people_get_lines_a_table_and_the_next_command_last(run, capsys) -> None:
    def act(talk: Talk) -> Outcome:
        table = Table(("label_name", "label_households"), [("[red]甲\x1b[1m", 12345), ("b", 7)])
        return Outcome(0, {}, ["words", table], "gridwright map x")

    assert run(act) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "words"
    assert lines[-1] == "Next: gridwright map x"
    assert "[red]甲" in out
    assert "\x1b" not in out
    assert "12,345" in out


def test_progress_is_silent_where_stderr_is_no_terminal(capsys) -> None:
    with Talk("en").progress() as progress:
        progress.stage("stage_map", 3)
        progress.advance()
    assert capsys.readouterr() == ("", "")


def test_bars_show_stage_count_and_time_left_on_a_terminal() -> None:
    import io

    from rich.console import Console

    from api.cli.bars import Bars

    out = io.StringIO()
    with Bars("zh", Console(file=out, force_terminal=True, width=120)) as bars:
        bars.stage("stage_map", 4)
        bars.advance(2)
        bars._rich.refresh()
        bars.stage("stage_check")
    assert "绘制地图" in out.getvalue()
    assert "2/4" in out.getvalue()
    assert "几何核验" in out.getvalue()


def test_plain_unwraps_numpy_and_drops_nan() -> None:
    import numpy as np

    assert plain({"a": np.int64(3), "b": (np.float64("inf"), True), "c": None}) == {
        "a": 3,
        "b": [None, True],
        "c": None,
    }
