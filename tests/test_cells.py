"""Cells for spreadsheets: formulas are defused, numbers stay numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotspots.cells import FORMULA_STARTS, defuse, printable, visible
from hotspots.cli.common import say


@pytest.mark.parametrize(
    "text",
    ["=1", "+cmd()", "-1+1", "-x", "@x", "\tx", "\rx", "\nx", "-1\n", "--1", "=", "-", "+1-"],
)
def test_no_cell_is_a_formula(text):
    assert defuse(text) == "'" + text
    assert defuse("x" + text) == "x" + text


@pytest.mark.parametrize("text", ["-12", "+420", "-543455.674", "-17,2046", "-1e-05", "", "a=1"])
def test_numbers_and_words_are_kept(text):
    assert defuse(text) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_kept(number):
    assert defuse(repr(number)) == repr(number)


@given(st.sampled_from(FORMULA_STARTS), st.text())
def test_what_is_left_alone_is_a_number(start, rest):
    text = start + rest
    if defuse(text) == text:
        float(text.replace(",", "."))


@pytest.mark.parametrize("mark", ["\x1b", "\x9b", "\u202e", "\u2066", "\u200e", "\u200b", "\ufeff"])
def test_marks_that_nobody_sees_are_written_out_or_left_out(mark):
    assert printable(f"a{mark}b") == f"a{ascii(mark)[1:-1]}b"
    assert visible(f" a{mark}b {mark} c\n") == "ab c"


def test_what_a_command_says_obeys_no_file(capsys):
    say("Úzká\x9b31m\u202e\x1b[2J\nDlouhá")
    assert capsys.readouterr().out == "Úzká\\x9b31m\\u202e\\x1b[2J\nDlouhá\n"


@pytest.mark.parametrize("sign", ["＝", "＋", "－", "＠"])
def test_full_width_signs_start_no_formula_either(sign):
    assert defuse(f"{sign}1+1") == f"'{sign}1+1"
