"""Official files made to do harm: each ends in a clear error, in bounded memory."""

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from hotspots.errors import CRSError, HotspotsError, SourceError
from hotspots.layers.official import addresses, collecting, is_official, read_official
from hotspots.layers.official.opening import open_unpacked
from tests import ruian

TOWN = ruian.small_town()
VFR = ruian.make_vfr(TOWN)
NAME = "20261031_OB_536385_UKSH.xml"
SPACES = b" " * (5 << 20)
LIMIT_MB = 150

_PROBE = """
import json, resource, sys
from pathlib import Path
from hotspots.errors import HotspotsError
from hotspots.layers.official import read_official

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

before, found = peak_mb(), []
for name in sys.argv[1:]:
    try:
        said = f"read {len(read_official([Path(name)]).addresses)}"
    except HotspotsError as error:
        said = f"{type(error).__name__}: {error}"
    found.append((said, peak_mb() - before))
print(json.dumps(found))
"""


def probe(*paths):
    """Return what reading each file says and by how many MB the peak of memory has grown since."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _PROBE, *map(str, paths)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"HOTSPOTS_LANG": "en"},
    )
    return json.loads(done.stdout)


def read(tmp_path, data, name=NAME):
    path = tmp_path / name
    path.write_bytes(data)
    return read_official([path])


@pytest.mark.reference
def test_a_real_file_needs_little_memory(shared):
    ((said, grown_mb),) = probe(shared / "data/ruian/ruian_OB_564729_Decany_UKSH.xml.gz")
    assert said == "read 221"
    assert grown_mb < LIMIT_MB


def spaces_in_gzip(path, before, after):
    """Write 500 MB of spaces as a gzip file of a few hundred KB."""
    member = gzip.compress(SPACES, mtime=0)
    with path.open("wb") as file:
        file.write(gzip.compress(before, mtime=0))
        for _ in range(100):
            file.write(member)
        file.write(gzip.compress(after, mtime=0))
    return path


def noisy_spaces(n_bytes):
    """Return white space that packs no better than real files do."""
    return os.urandom(n_bytes).translate(bytes(b" \t\n\r"[i % 4] for i in range(256)))


def test_white_space_and_endless_things_in_bounded_memory(tmp_path):
    cut = VFR.index(b"<gml:posList>") + len(b"<gml:posList>")
    data = VFR.index(b"<vf:Obce>")
    parcel = VFR.index(b"<vf:Parcela ")
    filler = noisy_spaces(18 << 20)
    thousand = b" ".join(b"-%d.25 -%d.75" % (543000 + i, 1050000 + i) for i in range(1000))
    million = (thousand + b" ") * 1000
    names = b"".join(b"<x%d/>" % i for i in range(300_000))
    files = {
        "start.xml.gz": spaces_in_gzip(tmp_path / "start.xml.gz", b"", VFR),
        "middle.xml.gz": spaces_in_gzip(tmp_path / "middle.xml.gz", VFR[:data], VFR[data:]),
        "list.xml.gz": spaces_in_gzip(tmp_path / "list.xml.gz", VFR[:cut], VFR[cut:]),
        "end.xml.gz": spaces_in_gzip(tmp_path / "end.xml.gz", VFR, b""),
    }
    for name, body in {
        "spaces.xml": VFR[:data] + filler + VFR[data:],
        "skipped.xml": VFR[:parcel] + filler + VFR[parcel:],
        "comment.xml": VFR[:data] + b"<!--" + filler + b"-->" + VFR[data:],
        "attribute.xml": VFR[:data] + b'<vf:a a="' + filler + b'"/>' + VFR[data:],
        "million.xml": VFR[:cut] + million + VFR[cut:],
        "names.xml": VFR[:data] + names + VFR[data:],
        "deep.xml": VFR[:data] + b"<vf:a>" * 1_000_000 + VFR[data:],
    }.items():
        files[name] = tmp_path / name
        files[name].write_bytes(body)
    found = dict(zip(files, probe(*files.values()), strict=True))
    for name in ("start.xml.gz", "middle.xml.gz", "end.xml.gz", "spaces.xml", "skipped.xml"):
        assert f"{name} goes on for 16 MB without any element" in found[name][0]
    for name in ("comment.xml", "attribute.xml"):
        assert f"{name} goes on for 1 MB without any element" in found[name][0]
    for name in ("list.xml.gz", "million.xml"):
        assert f"{name}: OB.536385 has more than 250,000 vertices" in found[name][0]
    assert "more different names" in found["names.xml"][0]
    assert "nests its elements deeper" in found["deep.xml"][0]
    assert max(grown_mb for _said, grown_mb in found.values()) < LIMIT_MB


def doctype(text):
    return VFR.replace(b"<vf:VymennyFormat", text + b"<vf:VymennyFormat", 1)


@pytest.mark.parametrize(
    "text",
    [
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>',
        b"<!DOCTYPE a>",
    ],
)
def test_no_document_type_and_no_entities(tmp_path, text):
    with pytest.raises(SourceError, match="declares a document type or entities"):
        read(tmp_path, doctype(text))


def test_undefined_entities(tmp_path):
    with pytest.raises(SourceError, match="undefined entity"):
        read(tmp_path, VFR.replace(b"<obi:Nazev>", b"<obi:Nazev>&nbsp;", 1))


def archive(*members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members:
            packed.writestr(name, data)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (archive(("../a.xml", VFR)), r"path outside the archive"),
        (archive(("/etc/a.xml", VFR)), r"path outside the archive"),
        (archive(("C:\\a.xml", VFR)), r"path outside the archive"),
        (archive(("a.xml", VFR), ("b.xml", VFR)), "holds 2 files, but one"),
        (archive(), "holds 0 files"),
        (archive(("a.xml.zip", archive(("a.xml", VFR)))), "another archive"),
        (archive(("a.xml.gz", ruian.gzipped(VFR))), "another archive"),
        (ruian.gzipped(archive(("a.xml", VFR))), "another archive"),
        (archive(("a.xml", b"")), "is empty"),
        (archive(("a.xml", SPACES * 4)), "more than 400 times is no real file"),
        (ruian.zipped(NAME, VFR)[:-100], "damaged or cut off.*again"),
        (ruian.gzipped(VFR)[:-500], "damaged or cut off.*download it again"),
        (ruian.gzipped(VFR)[:-4], "damaged or cut off.*download it again"),
        (ruian.gzipped(VFR)[:-8] + b"\x00" * 8, "damaged or cut off.*CRC"),
        (ruian.gzipped(VFR) + b"garbage", "damaged or cut off"),
        (VFR[:-1000], "ends too early"),
        (VFR[: len(VFR) // 2], "ends too early"),
    ],
)
def test_archives_and_damage(tmp_path, data, what):
    with pytest.raises(SourceError, match=rf"{NAME}\.zip.*{what}"):
        read(tmp_path, data, f"{NAME}.zip")


def test_shadow_files_of_a_mac_are_ignored(tmp_path):
    data = archive((NAME, VFR), (f"__MACOSX/._{NAME}", b"x"))
    assert len(read(tmp_path, data, "a.zip").addresses) == 63


def test_a_broken_checksum_in_a_zip(tmp_path):
    data = bytearray(ruian.zipped(NAME, VFR))
    crc = zlib.crc32(VFR).to_bytes(4, "little")
    data = data.replace(crc, b"\x01\x02\x03\x04")
    with pytest.raises(SourceError, match="Bad CRC-32"):
        read(tmp_path, bytes(data), "a.xml.zip")


def test_a_protected_archive(tmp_path):
    data = bytearray(ruian.zipped(NAME, VFR))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SourceError, match="password"):
        read(tmp_path, bytes(data), "a.xml.zip")


def read_to_end(path, **options):
    with open_unpacked(path, **options) as source:
        while source.read(1 << 20):
            pass


def test_limits_of_unpacking(tmp_path):
    path = tmp_path / "a.xml"
    path.write_bytes(VFR)
    with pytest.raises(SourceError, match=r"a\.xml unpacks to more than 0 MB"):
        read_to_end(path, limit_bytes=5000)
    swollen = spaces_in_gzip(tmp_path / "b.gz", b"", b"")
    with pytest.raises(SourceError, match=r"b\.gz unpacks to more than \d\d MB"):
        read_to_end(swollen)


def test_wgs84_that_says_sjtsk(tmp_path):
    data = ruian.make_vfr(TOWN, place=lambda x, y: (x / -31_600, y / -20_920), decimals=8)
    with pytest.raises(CRSError, match=r"says that it is in S-JTSK.*WGS84"):
        read(tmp_path, data)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / NAME
    os.mkfifo(pipe)
    assert is_official(pipe)
    with pytest.raises(SourceError, match="pipe"):
        read_official([pipe])


@pytest.mark.parametrize("seed", range(60))
def test_any_damage_is_a_clear_error(tmp_path, seed):
    """Bytes changed, cut or doubled anywhere, plain and packed: read or refused, no traceback."""
    import random

    chance = random.Random(seed)
    small = ruian.make_vfr(ruian.Town("536385", "Jeseník", TOWN.boundary, streets=TOWN.streets))
    data = bytearray([small, ruian.gzipped(small), ruian.zipped("a.xml", small)][seed % 3])
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data))
        what = chance.randrange(3)
        if what == 0:
            data[at] = chance.randrange(256)
        elif what == 1:
            del data[at : at + chance.randrange(1, 50)]
        else:
            data[at:at] = data[max(at - 40, 0) : at]
    path = Path(tmp_path / "a.xml")
    path.write_bytes(bytes(data))
    try:
        assert read_official([path]).code == "536385"
    except HotspotsError as error:
        assert "a.xml" in str(error)  # noqa: PT017


def test_attributes_count(tmp_path):
    at = VFR.index(b"<obi:Nazev>")
    long = VFR[:at] + b'<obi:X gml:id="' + b"a" * 70_000 + b'"/>' + VFR[at:]
    with pytest.raises(SourceError, match="a tag with more than 64 KB of attributes"):
        read(tmp_path, long)
    spaces = VFR[:at] + b'<obi:X xmlns:q="' + b"a" * 70_000 + b'"/>' + VFR[at:]
    with pytest.raises(SourceError, match="a tag with more than 64 KB of attributes"):
        read(tmp_path, spaces)
    many = VFR[:at] + (b'<obi:X gml:id="' + b"a" * 60_000 + b'"/>') * 200 + VFR[at:]
    with pytest.raises(SourceError, match=r"OB\.536385 has more than 250,000 vertices"):
        read(tmp_path, many)


def test_so_many_vertices_of_one_town(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "_MAX_VERTICES", 60)
    with pytest.raises(SourceError, match="has more than 60 vertices of one municipality"):
        read(tmp_path, VFR)
    monkeypatch.undo()
    assert collecting._MAX_VERTICES == 3_000_000


@pytest.mark.parametrize(("limit", "n"), [("MAX_POINTS", 5), ("MAX_UNITS", 2)])
def test_so_many_records_of_one_town(tmp_path, monkeypatch, limit, n):
    assert getattr(collecting, limit) in {50_000, 1_000_000}
    monkeypatch.setattr(collecting, limit, n)
    with pytest.raises(SourceError, match=f"more than {n} records of one kind of one municipality"):
        read(tmp_path, VFR)


def test_so_many_addresses_in_a_table(tmp_path, monkeypatch):
    monkeypatch.setattr(addresses, "MAX_POINTS", 2)
    table = ruian.make_addresses_csv(TOWN)
    with pytest.raises(SourceError, match="more than 2 addresses of one municipality"):
        read(tmp_path, table, "20261031_OB_536385_ADR.csv")
