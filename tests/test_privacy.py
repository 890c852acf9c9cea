"""Small counts: hidden, protected by others, and out of reach of an attacker who knows it all."""

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hotspots.errors import ParameterError
from hotspots.privacy import (
    HIDDEN,
    SHOWN,
    SMALL,
    Published,
    PublishedCell,
    Sum,
    about,
    attack,
    suppress,
)

UNSAFE = range(1, 5)


def margins(rows, columns, values):
    """Cells and sums of a table with row, column and grand totals."""
    table = np.array(values).reshape(rows, columns)
    counts = {(r, c): int(table[r, c]) for r in range(rows) for c in range(columns)}
    counts |= {("row", r): int(table[r].sum()) for r in range(rows)}
    counts |= {("column", c): int(table[:, c].sum()) for c in range(columns)}
    counts["all"] = int(table.sum())
    sums = [Sum(("row", r), tuple((r, c) for c in range(columns))) for r in range(rows)]
    sums += [Sum(("column", c), tuple((r, c) for r in range(rows))) for c in range(columns)]
    sums.append(Sum("all", tuple(("row", r) for r in range(rows))))
    sums.append(Sum("all", tuple(("column", c) for c in range(columns))))
    return counts, sums


def marks(published):
    return {key: cell.mark for key, cell in published.cells.items()}


def agrees(published, counts):
    """Whether a table agrees with all that is published."""
    for key, count in counts.items():
        cell = published[key]
        if cell.mark == SHOWN and cell.count != count:
            return False
        if cell.mark == SMALL and not published.low <= count < published.threshold:
            return False
        if cell.mark == HIDDEN and count < published.hidden_at_least:
            return False
    return True


def every_table(most):
    """Every table of 2 × 2 cells from 0 to `most`, with its margins: key → all values."""
    base = dict(zip(product(range(2), range(2)), np.indices([most + 1] * 4), strict=True))
    sums = margins(2, 2, [0] * 4)[1]
    for entry in sums:
        base.setdefault(entry.total, sum(base[key] for key in entry.parts))
    return {key: values.ravel() for key, values in base.items()}


TABLES = every_table(13)


def possible(published):
    """Every value that each cell has in some table that agrees: an attacker who tries them all."""
    fits = np.ones(len(TABLES["all"]), dtype=bool)
    for key, values in TABLES.items():
        cell = published[key]
        if cell.mark == SHOWN:
            fits &= values == cell.count
        elif cell.mark == SMALL:
            fits &= (values >= published.low) & (values < published.threshold)
        else:
            fits &= values >= published.hidden_at_least
    return {key: set(np.unique(values[fits]).tolist()) for key, values in TABLES.items()}


def test_a_small_count_takes_the_cheapest_neighbour_with_it():
    # 3 + 10 + 20 = 33: alone, the 3 would be 33 - 30.
    counts = {"a": 3, "b": 10, "c": 20, "sum": 33}
    published = suppress(counts, [Sum("sum", ("a", "b", "c"))], cost={"b": 2.0, "sum": 9.0})
    assert marks(published) == {"a": SMALL, "b": SHOWN, "c": HIDDEN, "sum": SHOWN}
    assert published["sum"].count == 33
    assert published["a"].count is None
    assert attack(published, [Sum("sum", ("a", "b", "c"))]) == {"a": (1, 4), "c": (19, 22)}


def test_two_small_counts_protect_each_other_only_if_each_may_be_anything():
    tie = [Sum("sum", ("a", "b"))]
    # 1 + 4 = 5 may be 4 + 1, 2 + 3, 3 + 2 too.
    assert marks(suppress({"a": 1, "b": 4, "sum": 5}, tie)) == {
        "a": SMALL,
        "b": SMALL,
        "sum": SHOWN,
    }
    # 4 + 4 = 8 can be nothing else below five, so the sum goes too.
    assert marks(suppress({"a": 4, "b": 4, "sum": 8}, tie)) == {
        "a": SMALL,
        "b": SMALL,
        "sum": HIDDEN,
    }


def test_a_label_that_bounds_its_parts_is_taken_off():
    # Parts of 1 each under a total said to be at most 4 could be 3 at most.
    published = suppress({"a": 1, "b": 1, "sum": 2}, [Sum("sum", ("a", "b"))], cost={"sum": 3.0})
    assert HIDDEN in marks(published).values()
    for least, most in attack(published, [Sum("sum", ("a", "b"))]).values():
        assert least <= 1
        assert most is None or most >= 4


def test_zeros_are_shown_unless_told_otherwise():
    counts, sums = margins(2, 2, [0, 20, 30, 40])
    assert set(marks(suppress(counts, sums)).values()) == {SHOWN}
    published = suppress(counts, sums, show_zeros=False)
    assert published[0, 0].mark == SMALL
    assert published.low == 0
    least, most = attack(published, sums)[0, 0]
    assert least == 0
    assert most is None or most >= 4


def test_a_table_that_needs_nothing_is_shown_whole():
    counts, sums = margins(2, 3, [5, 6, 7, 8, 9, 10])
    published = suppress(counts, sums)
    assert {key: cell.count for key, cell in published.cells.items()} == counts
    assert attack(published, sums) == {}
    assert suppress({}).cells == {}


SMALL_TABLES = st.lists(st.integers(0, 8), min_size=4, max_size=4)


@settings(max_examples=40)
@given(values=SMALL_TABLES)
def test_an_attacker_who_tries_every_table_learns_no_small_count(values):
    counts, sums = margins(2, 2, values)
    published = suppress(counts, sums)
    assert agrees(published, counts)
    found = possible(published)
    for key, count in counts.items():
        if count in UNSAFE:
            assert published[key].mark != SHOWN
            assert set(UNSAFE) <= found[key]
        elif published[key].mark == SHOWN:
            assert published[key].count == count  # what is published is true


@settings(max_examples=25)
@given(values=st.lists(st.integers(0, 30), min_size=9, max_size=9))
def test_larger_tables_hide_no_more_than_a_careless_rule_and_withstand_the_attack(values):
    counts, sums = margins(3, 3, values)
    published = suppress(counts, sums)
    small = [key for key, count in counts.items() if count in UNSAFE]
    for key in small:
        least, most = attack(published, sums)[key]
        assert least <= 1
        assert most is None or most >= 4
    # The careless rule: everything that shares a sum with a small count goes.
    tied = [entry for entry in sums if {entry.total, *entry.parts} & set(small)]
    careless = {key for entry in tied for key in (entry.total, *entry.parts)}
    hidden = {key for key, cell in published.cells.items() if cell.mark != SHOWN}
    assert len(hidden) <= len(careless) + 1
    assert published == suppress(counts, sums)  # the same again


@settings(max_examples=20)
@example(values=[0, 1, 1, 0])
@given(values=st.lists(st.integers(0, 12), min_size=4, max_size=4))
def test_what_was_published_before_stays_and_tells_no_more(values):
    # Quarters come one by one, the year with the last.
    counts = {**dict(enumerate(values)), "year": sum(values)}
    sums = [Sum("year", (0, 1, 2, 3))]
    stages = {0: 1, 1: 2, 2: 3, 3: 4, "year": 4}
    # Two small quarters already say that their year holds two: nothing lets it be 1 as well.
    if counts["year"] in UNSAFE and sum(value in UNSAFE for value in values[:3]) > 1:
        with pytest.raises(ParameterError, match="cell year cannot be protected beside what was"):
            suppress(counts, sums, stages=stages, cost={"year": 50.0})
        return
    last = suppress(counts, sums, stages=stages, cost={"year": 50.0})
    first = suppress({k: v for k, v in counts.items() if k in (0, 1, 2)}, [], stages=stages)
    assert all(last[key] == cell for key, cell in first.cells.items())
    for key, (least, most) in attack(last, sums).items():
        if counts[key] in UNSAFE:
            assert least <= 1
            assert most is None or most >= 4


def planted(counts, hidden):
    return Published(
        {
            key: PublishedCell(SMALL if count in UNSAFE else HIDDEN)
            if key in hidden
            else PublishedCell(SHOWN, count)
            for key, count in counts.items()
        },
        5,
        1,
        5,
    )


def test_the_attack_finds_planted_leaks():
    counts, sums = margins(2, 2, [3, 20, 30, 40])
    # Only the small count is hidden: its row tells it.
    assert attack(planted(counts, {(0, 0)}), sums) == {(0, 0): (3, 3)}
    # A neighbour in the row is not enough, the column still tells.
    assert attack(planted(counts, {(0, 0), (0, 1)}), sums)[0, 0] == (3, 3)
    square = {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert attack(planted(counts, square), sums)[0, 0] == (1, 4)


def test_the_attack_says_where_what_is_shown_contradicts_itself():
    published = planted({"a": 3, "b": 4, "sum": 20}, {"a", "b"})
    with pytest.raises(ValueError, match="contradicts itself"):
        attack(published, [Sum("sum", ("a", "b"))])


def test_nothing_hidden_is_kept_in_what_is_published():
    published = suppress({"a": 3, "b": 777, "sum": 780}, [Sum("sum", ("a", "b"))])
    assert published["b"].mark == HIDDEN or published["sum"].mark == HIDDEN
    said = repr(published)
    assert "count=3" not in said
    assert ("777" in said) != ("780" in said)


@pytest.mark.parametrize(
    ("counts", "sums", "options", "message"),
    [
        ({"a": 1}, [], {"threshold": 2}, "threshold must be a whole number of at least 3, got 2"),
        ({"a": 1}, [], {"threshold": True}, "threshold must be a whole number"),
        ({"a": -1}, [], {}, "counts must be whole numbers from 0, but cell a has -1"),
        ({"a": 1.5}, [], {}, "but cell a has 1.5"),
        ({"a": 1}, [Sum("s", ("a",))], {}, "a sum names the cell s, which has no count"),
        ({"a": 1, "s": 2}, [Sum("s", ("a",))], {}, "cell s is 2, but its parts add up to 1"),
        ({"a": 1}, [], {"cost": {"a": 0.0}}, "cost must be above 0, but cell a has 0.0"),
    ],
)
def test_wrong_tables_are_refused(counts, sums, options, message):
    with pytest.raises(ParameterError, match=message):
        suppress(counts, sums, **options)


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, ""), (1, "fewer than 5"), (4, "fewer than 5"), (5, "about 5"), (1234, "about 1,230")],
)
def test_numbers_beside_the_tables_are_coarse(count, said):
    assert about(count) == said
