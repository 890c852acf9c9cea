"""Place texts made from layers' names, with errors, against the geocoder: right, doubtful, wrong.

Texts are made by chance from names of the layers: cases, abbreviations, house numbers, the town's
name and postcode before or after, lost diacritics, typing errors. Right means placed at the place
the text was made from; wrong, placed at another one; the rest waits for a person. Names that
several places share are counted apart: every one of them placed is an error.

Speed is compared with a naive peer in the same run: rapidfuzz `process.extractOne` over the full
names (streets, landmarks, areas and addresses), which knows no numbers, corners or cases.

Run: python benchmarks/geocode.py [--seed N] [--texts N] [--calibrate]
"""

import argparse
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from rapidfuzz import fuzz, process

from hotspots import schema
from hotspots.geocode import Geocoder
from hotspots.geocode import choice as choosing
from hotspots.geocode.corners import meetings
from hotspots.geocode.gazetteer import BUS_STOP, Gazetteer, Place, make_gazetteer
from hotspots.layers import install_bundled
from hotspots.place_text import fold
from hotspots.settings import Settings, Workspace

ROOT = Path(__file__).resolve().parents[1]
SEED = 4
CALIBRATION_SEED = 90_001  # the thresholds were chosen on this seed and the three after it
N_TEXTS = 500
LONG_WORD = 8
NEIGHBOURS = {a: b for row in ("qwertyuiop", "asdfghjkl", "yxcvbnm") for a, b in pairwise(row)}
SHORT_WORDS = {
    "náměstí": ("nám.", "nam.", "nám", "náměst."),
    "třída": ("tř.", "tr."),
    "nábřeží": ("nábř.", "nabr."),
    "sídliště": ("sídl.",),
    "Autobusové": ("Autobus.", "Aut."),
    "Železniční": ("Želez.", "železn."),
}


@dataclass(frozen=True)
class Sample:
    """A text and the places that it may rightly be taken for (`place_id`, or a corner's pair)."""

    text: str
    right: frozenset[str]
    kind: str


@dataclass
class Result:
    """How many texts were placed right, placed wrong, or left to a person."""

    right: int = 0
    wrong: int = 0
    waiting: int = 0
    mistakes: list[str] = field(default_factory=list)
    by_kind: Counter[str] = field(default_factory=Counter)

    @property
    def n(self) -> int:
        """Return the number of texts."""
        return self.right + self.wrong + self.waiting


def make_samples(gazetteer: Gazetteer, n: int, *, seed: int) -> list[Sample]:
    """Return `n` texts made from the gazetteer's names, seeded.

    Names shared by several kinds of places are used with the word that tells them apart
    ("zastávka Lipovská", "ZSJ Kalvodova"), as a reader would.
    """
    rng = random.Random(seed)
    makers = _makers(gazetteer)
    kinds, weights = zip(*((kind, weight) for kind, (weight, _make) in makers.items()), strict=True)
    samples = []
    while len(samples) < n:
        kind = rng.choices(kinds, weights)[0]
        base, right = makers[kind][1](rng)
        samples.append(Sample(spoil(base, rng), right, kind))
    return samples


Maker = Callable[[random.Random], tuple[str, frozenset[str]]]


def _makers(gazetteer: Gazetteer) -> dict[str, tuple[float, Maker]]:
    places = gazetteer.places
    names = Counter(fold(p.name) for p in places if p.method == schema.STREET)
    streets = [p for p in places if p.method == schema.STREET and names[fold(p.name)] == 1]
    taken = {fold(p.name) for p in places if p.method == schema.STREET}
    stops = {fold(p.name) for p in places if p.place_kind == BUS_STOP}
    halts = [p for p in places if p.place_kind == BUS_STOP]
    landmarks = [
        p
        for p in places
        if p.method == "landmark" and p.place_kind != BUS_STOP and fold(p.name) not in taken
    ]
    parts = [p for p in places if p.method == schema.TOWN_PART and p.name != gazetteer.town]
    parts = [p for p in parts if not _is_ambiguous(p, places)]
    districts = [p for p in places if p.method == schema.DISTRICT]
    corners = _corners(streets)
    makers: dict[str, tuple[float, Maker]] = {}

    def street(rng: random.Random) -> tuple[str, frozenset[str]]:
        place = rng.choice(streets)
        text = _street_text(place.name, rng, gazetteer.town, with_number=not gazetteer.houses)
        return text, frozenset({place.place_id})

    def corner(rng: random.Random) -> tuple[str, frozenset[str]]:
        one, two = rng.sample(rng.choice(corners), 2)
        a, b = _shorten(one.name, rng), _shorten(two.name, rng)
        text = rng.choice(
            (
                f"roh {a} a {b}",
                f"křižovatka {a} x {b}",
                f"{a}/{b}",
                f"{a} – {b}",
                f"{a} x {b}",
                f"na rohu ulic {a} a {b}",
                f"u křížení ulic {a} a {b}",
            )
        )
        return text, frozenset({_pair(one, two)})

    def landmark(rng: random.Random) -> tuple[str, frozenset[str]]:
        place = rng.choice(landmarks)
        text = rng.choice(("{}", "{}", "v místě {}", "před {}", "{}, {town}"))
        return text.format(_shorten(place.name, rng), town=gazetteer.town), _same(place, places)

    def stop(rng: random.Random) -> tuple[str, frozenset[str]]:
        place = rng.choice(halts)
        text = rng.choice(("zastávka {}", "zast. {}", "{}, zastávka", "autobusová zastávka {}"))
        return text.format(place.name), _same(place, places)

    def area(rng: random.Random) -> tuple[str, frozenset[str]]:
        place = rng.choice([*districts, *parts])
        if place.method == schema.TOWN_PART:
            return rng.choice(("{}", "část {}", "{}, Jeseník")).format(place.name), frozenset(
                {place.place_id}
            )
        clash = fold(place.name) in taken | stops or _shares_name(place, places)
        text = rng.choice(("ZSJ {}", "sídliště {}") if clash else ("{}", "ZSJ {}", "lokalita {}"))
        return text.format(place.name), frozenset({place.place_id})

    if streets:
        makers["street"] = (60.0, street)
    if corners:
        makers["corner"] = (18.0, corner)
    if landmarks:
        makers["landmark"] = (6.0, landmark)
    if halts:
        makers["stop"] = (6.0, stop)
    if districts:
        makers["area"] = (10.0, area)
    if gazetteer.houses:
        makers["address"] = (60.0, _address_maker(gazetteer))
    return makers


def _address_maker(gazetteer: Gazetteer) -> Maker:
    houses = [h for h in gazetteer.houses if h.number]
    plain: Counter[tuple[str, str]] = Counter()
    for h in houses:
        where = fold(h.street or h.part)
        for number in {h.number, h.orientation} - {""}:
            plain[where, number] += 1

    def address(rng: random.Random) -> tuple[str, frozenset[str]]:
        house = rng.choice(houses)
        number = house.number
        where = house.street or house.part
        if house.is_provisional:
            number = rng.choice(("č. ev. {}", "ev. č. {}", "č.ev.{}", "ev.č. {}")).format(number)
        elif house.orientation and rng.random() < 0.6:
            number = f"{house.number}/{house.orientation}"
        elif plain[fold(where), house.number] > 1 or rng.random() < 0.4:
            number = rng.choice(("č.p. {}", "čp. {}", "čp {}")).format(number)
        text = f"{_shorten(where, rng)} {number}"
        if house.street and sum(h.street == house.street for h in houses) and rng.random() < 0.2:
            text = f"{text}, {house.part}"
        same = frozenset(
            f"address:{h.code}"
            for h in houses
            if (h.street, h.part, h.number, h.orientation, h.is_provisional)
            == (house.street, house.part, house.number, house.orientation, house.is_provisional)
            or (abs(h.x - house.x) < 30 and abs(h.y - house.y) < 30 and h.number == house.number)
        )
        return text, same

    return address


def _corners(streets: list[Place]) -> list[tuple[Place, Place]]:
    lines = [s for s in streets if "Line" in s.shape.geom_type]
    return [(one, two) for one, two in combinations(lines, 2) if len(meetings(one, two)) == 1]


def _pair(one: Place, two: Place) -> str:
    return "+".join(sorted((one.place_id, two.place_id)))


def _is_ambiguous(place: Place, places: Iterable[Place]) -> bool:
    own = fold(place.name)
    return any(
        own != fold(p.name) and own in fold(p.name) and p.method == schema.DISTRICT for p in places
    )


def _shares_name(place: Place, places: Iterable[Place]) -> bool:
    own = fold(place.name)
    bare = own.removeprefix("u ")
    return any(p.place_id != place.place_id and fold(p.name) in (own, bare) for p in places)


def _same(place: Place, places: Iterable[Place]) -> frozenset[str]:
    """Return the ids of what is at the place of a landmark: stop and hospital at one point."""
    return frozenset(
        p.place_id
        for p in places
        if p.method == place.method and np.hypot(p.x - place.x, p.y - place.y) <= 30.0
    )


def _street_text(name: str, rng: random.Random, town: str, *, with_number: bool) -> str:
    short = _shorten(name, rng)
    number = str(rng.randint(1, 1500))
    bare = ("{}", "ul. {}", "ulice {}", "{town}, {}", "790 01 {town}, {}", "před {}")
    text = rng.choice(
        bare
        if not with_number
        else (
            "{}",
            "{} {n}",
            "{} {n}",
            "ul. {}",
            "ulice {} {n}",
            "{} č.p. {n}",
            "{} {n}/{m}",
            "{} {n}, {town}",
            "{town}, {} {n}",
            "790 01 {town}, {} {n}",
            "před domem {} {n}",
        )
    ).format(short, n=number, m=rng.randint(1, 60), town=town)
    if " " not in name and name.endswith("á") and rng.random() < 0.25:
        text = rng.choice(("na {}é", "v {}é ulici", "{}ou ulicí", "v ulici {}á")).format(name[:-1])
    elif " " not in name and name.endswith("ova") and rng.random() < 0.25:
        text = rng.choice(("v {}ově ulici", "{}ovou ulicí", "v {}ově")).format(name[:-3])
    return text


def _shorten(name: str, rng: random.Random) -> str:
    words = name.split()
    for i, word in enumerate(words):
        if word in SHORT_WORDS and rng.random() < 0.5:
            words[i] = rng.choice(SHORT_WORDS[word])
    is_person = len(words) == 2 and words[0][-1] in "aye" and words[1][0].isupper()
    if is_person and rng.random() < 0.4:
        words[0] = f"{words[0][0]}."
    if len(words) == 2 and len(words[0]) > 7 and words[1][:1] == "n" and rng.random() < 0.2:
        words[0] = f"{words[0][:7]}."
    return " ".join(words)


def spoil(text: str, rng: random.Random) -> str:
    """Return a text as hurried people write it: no diacritics, other case, typing errors."""
    if rng.random() < 0.5:
        text = _plain(text)
    spoiled: set[int] = set()
    for _error in range(rng.choices((0, 1, 2), (0.5, 0.4, 0.1))[0]):
        text = mistype(text, rng, spoiled)
    return rng.choice((text, text, text, text.lower(), text.upper()))


def _plain(text: str) -> str:
    return "".join(fold(c).upper() if c.isupper() else fold(c) for c in text)


def mistype(text: str, rng: random.Random, spoiled: set[int]) -> str:
    """Return a text with an error in a word of five letters or more: left out, twice, swapped.

    A word of fewer than eight letters gets one error at most: `spoiled` holds the numbers of the
    words that have one.
    """
    words = list(re.finditer(r"[^\W\d_]{5,}", text))
    able = [i for i, word in enumerate(words) if i not in spoiled or len(word[0]) >= LONG_WORD]
    if not able:
        return text
    chosen = rng.choice(able)
    spoiled.add(chosen)
    begin, end = words[chosen].span()
    at = rng.randrange(begin + 1, end)  # the first letter is seldom wrong
    kind = rng.choice(("out", "twice", "swap", "other", "more"))
    c = text[at]
    if kind == "out":
        return text[:at] + text[at + 1 :]
    if kind == "twice":
        return text[:at] + c + text[at:]
    if kind == "swap" and at + 1 < end:
        return text[:at] + text[at + 1] + c + text[at + 2 :]
    new = NEIGHBOURS.get(fold(c), rng.choice("aeiounlst"))
    if kind == "more":
        return text[:at] + new + text[at:]
    return text[:at] + new + text[at + 1 :]


def judge(geocoder: Geocoder, samples: Iterable[Sample]) -> Result:
    """Return how many texts were placed right, wrong, or not."""
    result = Result()
    for sample in samples:
        answer = geocoder.geocode(sample.text)
        place = answer.place
        if place is None:
            result.waiting += 1
            result.by_kind[f"{sample.kind} waiting"] += 1
            result.mistakes.append(f"? {sample.kind}: {sample.text} ({answer.reason})")
            continue
        got = place.place_id
        if got.startswith("corner:"):
            got = got.removeprefix("corner:").rsplit(":", 2)[0]
        if got in sample.right:
            result.right += 1
        else:
            result.wrong += 1
            result.by_kind[f"{sample.kind} wrong"] += 1
            result.mistakes.append(f"! {sample.kind}: {sample.text} -> {place.matched}")
    return result


def traps(gazetteer: Gazetteer) -> list[str]:
    """Return texts that no program may place: names shared, other municipalities, no place."""
    streets = [p.name for p in gazetteer.places if p.method == schema.STREET]
    names = Counter(fold(name) for name in streets)
    texts = [name for name in streets if names[fold(name)] > 1]
    for place in gazetteer.places:
        is_shared = place.method == schema.TOWN_PART and _is_ambiguous(place, gazetteer.places)
        if is_shared and fold(place.name) != fold(gazetteer.town):
            texts += [place.name, f"v {place.name}ě", f"{place.name} 12", fold(place.name)]
    for other in ("Zlaté Hory", "Javorník", "Vidnava", "Olomouc", "Horní Dolní"):
        for name in streets[::7]:
            texts += [f"{other}, {name} 5", f"{name} 5, {other}"]
    own = {fold(p.name) for p in gazetteer.places}
    texts += [f"u {name}" for name in own if f"u {name}" in own]
    texts += ["za garážemi", "u kontejnerů", "na hřišti", "u lávky", "v parku u altánu", "doma"]
    texts += ["parkoviště za prodejnou", "neznámo", "???", gazetteer.town, "u Nováků", "12", "les"]
    return texts


def bundled_workspace(folder: Path) -> Workspace:
    """Return a workspace with the bundled layers and nothing else."""
    workspace = Workspace(folder / "bundled", Settings())
    workspace.path.mkdir()
    workspace.write_settings()
    workspace.layers.mkdir(exist_ok=True)
    install_bundled(workspace)
    return workspace


def invented_town(*, seed: int, n_streets: int = 900, n_houses: int = 30_000) -> Gazetteer:
    """Return the gazetteer of a made-up town with address points, its names by chance."""
    rng = random.Random(seed)
    roots = ["Bez", "Dub", "Jas", "Kav", "Lesk", "Mal", "Nov", "Oreš", "Pod", "Rad", "Sok", "Tich"]
    middles = ["ar", "en", "ob", "ul", "it", "av", "es", "ak", "im", "or", "ušt", "ymb"]
    ends = ["ská", "ova", "ní", "ovská", "ická"]
    every = [a + b + c + d for a in roots for b in middles for c in middles for d in ends]
    names = rng.sample(every, n_streets)
    rows: list[dict[str, str]] = []
    lines, points = [], []
    x0, y0 = -543_455.0, -1_050_795.0
    for i in range(n_streets):
        x, y = x0 + 260.0 * (i % 30), y0 + 260.0 * (i // 30)
        far = (x + 220.0, y) if i % 2 else (x, y + 220.0)
        lines.append(shapely.LineString([(x, y), far]))
    per_street = n_houses // n_streets
    for k in range(n_streets * per_street):
        street, n = k % n_streets, k // n_streets
        points.append(lines[street].interpolate((n + 0.5) / per_street, normalized=True))
        rows.append(
            {
                schema.ADDRESS_CODE: str(10_000_000 + k),
                schema.STREET_CODE: str(street),
                schema.STREET_NAME: names[street],
                schema.NUMBER_KIND: "č.p.",
                schema.HOUSE_NUMBER: str(street + n_streets * n + 1)[:4],
                schema.ORIENTATION_NUMBER: str(n + 1),
                schema.TOWN_PART_NAME: "Lhota",
                schema.POSTCODE: "79001",
            }
        )
    ids = [f"street:{i}" for i in range(n_streets)]
    streets = gpd.GeoDataFrame(
        {schema.AREA_ID: ids, schema.NAME: names, schema.PRECISION_M: 5.0},
        geometry=[line.buffer(30) for line in lines],
        crs="EPSG:5514",
    )
    axes = gpd.GeoDataFrame({schema.AREA_ID: ids}, geometry=lines, crs="EPSG:5514")
    return make_gazetteer(
        town="Lhota",
        streets=streets,
        axes=axes,
        addresses=gpd.GeoDataFrame(pd.DataFrame(rows), geometry=points, crs="EPSG:5514"),
    )


def print_result(label: str, geocoder: Geocoder, *, seed: int, n: int, verbose: bool) -> None:
    """Print the shares of one gazetteer, the traps, and the speed against the peer."""
    samples = make_samples(geocoder.gazetteer, n, seed=seed)
    result = judge(geocoder, samples)
    shares = [100.0 * k / result.n for k in (result.right, result.wrong, result.waiting)]
    fell = [t for t in traps(geocoder.gazetteer) if geocoder.geocode(t).place is not None]
    print(
        f"{label}: {result.n} texts, seed {seed}: placed right {shares[0]:.1f} %, "
        f"placed wrong {shares[1]:.1f} %, waiting {shares[2]:.1f} %; "
        f"traps placed: {len(fell)} of {len(traps(geocoder.gazetteer))}"
    )
    for text in (*result.mistakes, *fell) if verbose else ():
        print("   ", text)
    texts = sorted(
        {sample.text for sample in make_samples(geocoder.gazetteer, 2_000, seed=seed + 1)}
    )
    fresh = Geocoder(geocoder.gazetteer)
    fresh.geocode("")
    began = time.perf_counter()
    fresh.geocode("x")
    indexed = time.perf_counter() - began
    began = time.perf_counter()
    for text in texts:
        fresh.geocode(text)
    ours = len(texts) / (time.perf_counter() - began)
    names = [p.name for p in geocoder.gazetteer.places]
    names += [h.label for h in geocoder.gazetteer.houses]
    began = time.perf_counter()
    for text in texts[:300]:
        process.extractOne(text, names, scorer=fuzz.WRatio)
    peer = min(300, len(texts)) / (time.perf_counter() - began)
    print(
        f"    speed: index of {len(names):,} names in {indexed:.2f} s; {ours:,.0f} texts/s, "
        f"{ours / peer:.1f} times rapidfuzz process.extractOne over full names ({peer:,.0f}/s)"
    )


def calibrate(geocoder: Geocoder) -> None:
    """Print right and wrong for thresholds and margins, on seeds that no other figure uses."""
    samples = [
        s
        for i in range(4)
        for s in make_samples(geocoder.gazetteer, N_TEXTS, seed=CALIBRATION_SEED + i)
    ]
    print("placed from | margin | right % | wrong % | waiting %")
    for placed in (70.0, 76.0, 80.0, 82.0, 85.0, 88.0, 91.0):
        for margin in (0.5, 3.0, 5.0, 8.0):
            choosing.PLACED_SCORE, choosing.MARGIN = placed, margin  # type: ignore[misc]
            found = judge(Geocoder(geocoder.gazetteer), samples)
            print(
                f"{placed:11.0f} | {margin:6.1f} | {100 * found.right / found.n:7.2f} | "
                f"{100 * found.wrong / found.n:7.2f} | {100 * found.waiting / found.n:9.2f}"
            )


def main() -> None:
    """Print the figures of the bundled layers and of a town with address points."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--texts", type=int, default=N_TEXTS)
    parser.add_argument("--calibrate", action="store_true", help="thresholds against errors")
    parser.add_argument("--verbose", action="store_true", help="name every text not placed right")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        geocoder = Geocoder.of_workspace(bundled_workspace(Path(folder)))
        if arguments.calibrate:
            calibrate(geocoder)
            return
        options = {"seed": arguments.seed, "n": arguments.texts, "verbose": arguments.verbose}
        print_result("bundled layers of Jeseník", geocoder, **options)
        town = Geocoder(invented_town(seed=1))
        print_result("invented town with 30,000 addresses", town, **options)


if __name__ == "__main__":
    main()
