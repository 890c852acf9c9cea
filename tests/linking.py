"""Two sources that record some of the same events, imported for the tests of links."""

from datetime import UTC, datetime, timedelta

from hotspots.ingest.importer import import_file
from hotspots.ingest.mapping import Mapping

# In the middle of the town, on Masarykovo náměstí.
X, Y = -543_450.0, -1_050_790.0
BEGIN = datetime(2024, 3, 1, 8, 0, tzinfo=UTC)  # the clock of Prague, in fact
# What both have: days and hours after the beginning, offence.
SHARED = ((2, 13.5, "public_order"), (5, 12.0, "coexistence"), (9, 10.2, "public_order"))


def rows_of(*, late_minutes=0, off_m=0.0, alone, prefix):
    rows = [
        (
            f"{prefix}{n}",
            BEGIN + timedelta(days=day, hours=hour, minutes=late_minutes),
            X + 150 * n + off_m,
            offence,
        )
        for n, (day, hour, offence) in enumerate(SHARED, start=1)
    ]
    rows += [
        (f"{prefix}{n}", BEGIN + timedelta(days=3.3 * n + alone), X + 90 * n, "theft")
        for n in range(4, 8)
    ]
    return rows


def import_rows(workspace, rows, *, source, kind, label, place=""):
    """Import (reference, time, x, offence) by way of a file."""
    data = workspace.path / f"{source}.csv"
    lines = [f"{ref};{when:%d.%m.%Y %H:%M};{x};{Y};{what};{place};secret note"
             for ref, when, x, what in rows]  # fmt: skip
    text = "id;when;x;y;what;where;note\n" + "\n".join(lines) + "\n"
    data.write_text(text, encoding="utf-8")
    mapping = workspace.path / f"{source}.toml"
    quoted = label.replace("\\", "\\\\").replace('"', '\\"')
    mapping.write_text(
        f'source = "{source}"\nkind = "{kind}"\nlabel = "{quoted}"\ncitation = "{quoted}"\n'
        '[columns]\nsource_ref = "id"\noccurred = "when"\nx = "x"\ny = "y"\noffence = "what"\n'
        'place_text = "where"\nnote = "note"\n[values]\ncrs = "EPSG:5514"\n'
        '[record]\nspans = ["2024-03-01..2024-04-30"]\n',
        encoding="utf-8",
    )
    import_file(workspace, data, mapping=Mapping.read(mapping))


def import_both(workspace, *, label="Assistants' reports", place="náměstí"):
    """Import the assistants' reports and the police's record: three events are in both."""
    import_rows(
        workspace,
        [
            *rows_of(alone=0.0, prefix="a"),
            ("a9", BEGIN + timedelta(days=2, hours=13.5), X + 158, "public_order"),
        ],
        source="apk", kind="apk", label=label, place=place,
    )  # fmt: skip
    import_rows(
        workspace,
        rows_of(late_minutes=10, off_m=12.0, alone=0.9, prefix="p"),
        source="police", kind="municipal_police", label="Municipal police", place="u kostela",
    )  # fmt: skip
