"""Words around the name of a place: abbreviations, relations, what names no place, other towns.

All are folded (see `hotspots.place_text.fold`); those compared by stem stand in any form.
"""

from typing import Final

from hotspots.geocode.stems import stem


def _words(text: str, separator: str | None = None) -> tuple[str, ...]:
    return tuple(text.split(separator))


_SHORT_WORD: Final = 4
# What an abbreviation stands for, on either side: in a text and in the name of a layer.
ABBREVIATIONS: Final = {
    "nam": "namesti",
    "namest": "namesti",
    "ul": "ulice",
    "tr": "trida",
    "nabr": "nabrezi",
    "nab": "nabrezi",
    "sidl": "sidliste",
    "gen": "generala",
    "dr": "doktora",
    "prof": "profesora",
    "sv": "svateho",
    "plk": "plukovnika",
    "kpt": "kapitana",
    "mjr": "majora",
    "por": "porucika",
    "ing": "inzenyra",
    "arm": "armady",
    "autobus": "autobusove",
    "aut": "autobusove",
    "zel": "zeleznicni",
    "vlak": "vlakove",
    "prum": "prumyslova",
    "zast": "zastavka",
    "krizov": "krizovatka",
    "kriz": "krizovatka",
    "rest": "restaurace",
    "nem": "nemocnice",
}
TITLES: Final = frozenset(
    _words(
        """
    doktora profesora inzenyra generala plukovnika kapitana majora porucika
    """
    )
)
# Words that many names share; a name may be written without them.
GENERIC: Final = frozenset(
    _words(
        """
    namesti ulice trida nabrezi sidliste stezka
    """
    )
)
PREPOSITIONS: Final = frozenset(
    _words(
        """
    k ke u na za v ve pod nad mezi pri pred po do od z ze s se o
    """
    )
)
# Places that wear no name of their own; together with a street they only say where on it.
_THINGS: Final = _words(
    """
    dum domu domem domku domek bytovka panelak vchod objekt budova budovy cinzak byt
    byty garaze garaz kontejnery kontejner popelnice hriste park parcik parku
    lavicka lavicky parkoviste chodnik silnice cesta roh rohu konec zacatek konci
    stred dvur dvora prujezd podchod plot zahrada auto vozidlo pruhon vrata brana
    schody schodiste stanek trafika altan altanek lampa sloup strom kriz prechod
    zastavka zastavky mistnost sklep chodba vytah vnitroblok prostor prostranstvi
    verejne misto lokalita okoli cast mesto mesta obec obce psc okres okr cislo tel
    patro poschodi druhe prvni travnik zelen detske detskem pruchod zavora krajnice
    obchod obchodem prodejna prodejnou
    """
)
THINGS: Final = frozenset(stem(word) for word in _THINGS)
NOISE: Final = frozenset(
    _words(
        """
    ulice ulici ulic cca asi zhruba priblizne a i ci nebo az m x b cp cz cr ceska
    republika smerem smer strana strane prava leva vpravo vlevo naproti proti vedle
    poblizh pobliz nedaleko blizko kousek kolem okolo podel hned tesne uplne presne
    primo tam zde tu dole nahore vzadu vpredu venku nekde nekde uprostred pobliz
    bliz mezi pred za u na v ve do z ze k ke od po pod nad pri kraj usek useku
    mp pcr apk oop
    """
    )
)
# The text says a place beside the one it names: how much less sure the position is [m].
RELATIONS: Final = {
    "pred": 15.0,
    "vedle": 30.0,
    "naproti": 30.0,
    "proti": 30.0,
    "za": 40.0,
    "u": 20.0,
    "pod": 40.0,
    "nad": 40.0,
    "od": 20.0,
    "pobliz": 100.0,
    "nedaleko": 150.0,
    "blizko": 100.0,
    "kousek": 100.0,
    "kolem": 100.0,
    "okolo": 100.0,
    "okoli": 150.0,
    "smer": 300.0,
    "smerem": 300.0,
    "mezi": 150.0,
}
CORNER_WORDS: Final = frozenset(
    stem(word)
    for word in _words(
        """
    roh rohu narozi krizovatka krizeni krizovani kriz
    """
    )
)
CORNER_LINKS: Final = frozenset({"a", "x", "s", "se", "i"})
CORNER_MARKS: Final = frozenset({"/", "×", "-", "–", "—", "+", "&"})
DIRECTIONS: Final = frozenset({"smer", "smerem", "na", "do"})
STOP_WORDS: Final = frozenset(
    stem(word)
    for word in _words(
        """
    zastavka zastavky mhd autobus bus autobusova
    """
    )
)
DISTRICT_WORDS: Final = frozenset(
    stem(word)
    for word in _words(
        """
    zsj sidliste ctvrt lokalita oblast
    """
    )
)
STREET_WORDS: Final = frozenset(stem(word) for word in ["ulice", "ulici"])
PART_WORDS: Final = frozenset(stem(word) for word in ["cast", "casti", "osada", "vesnice"])
# Houses named after something; the thing in the name may stand elsewhere.
NAMED_HOUSES: Final = frozenset(
    stem(word)
    for word in _words(
        """
    restaurace hotel hospoda penzion bar kavarna pizzerie vinarna kino skola
    zakladni materska gymnazium ubytovna firma banka klub herna chata statek
    """
    )
)
# Words that mean what they say: none is taken for a name mistyped ("nádraží" is not Nádražní).
COMMON: Final = (
    frozenset(
        _words(
            """
    nadrazi namesti skola skole skoly skolka posta posty poste kostel kostela lazne
    lazni nemocnice nemocnici tovarna reka reky potok most mostu kasarna pila pily
    jatka sad sady stadion bazen kino hotel hrbitov hrbitova trat tratou tovarny
    """
        )
    )
    | frozenset(_THINGS)
    | NOISE
)
# Words of this list are known with one typing error too, where they look like no name.
PLAIN_WORDS: Final = tuple(
    sorted(
        word
        for word in {
            *_THINGS,
            *NOISE,
            *ABBREVIATIONS.values(),
            *("krizovatka", "krizeni", "narozi", "zastavka", "autobusova", "autobusove"),
            *("sidliste", "ctvrt", "lokalita", "oblast", "namesti", "ulice", "ulici"),
        }
        if len(word) > _SHORT_WORD
    )
)
# Ways a landmark of a kind is called, beside its name.
KIND_NAMES: Final = {
    "bus_station": ("autobusove nadrazi", "nadrazi", "autobusak"),
    "rail_station": ("vlakove nadrazi", "nadrazi", "zeleznicni stanice", "vlakova stanice"),
    "hospital": ("nemocnice",),
    "police": ("mestska policie", "sluzebna mestske policie"),
    "spa": ("lazne",),
}
# Municipalities that texts of the region name; a text that names one is not placed here.
OTHER_TOWNS: Final = _words(
    "Bělá pod Pradědem;Bernartice;Bílá Voda;Černá Voda;Česká Ves;Hradec-Nová Ves;Javorník;"
    "Kobylá nad Vidnavkou;Kobylá;Lipová-lázně;Lipová;Mikulovice;Ostružná;Písečná;Skorošice;"
    "Stará Červená Voda;Supíkovice;Uhelná;Vápenná;Velká Kraš;Velké Kunětice;Vidnava;Vlčice;"
    "Zlaté Hory;Žulová;Jeseník;Jeseník nad Odrou;Šumperk;Hanušovice;Zábřeh;Mohelnice;"
    "Vrbno pod Pradědem;"
    "Vrbno;Bruntál;Rýmařov;Krnov;Opava;Olomouc;Přerov;Prostějov;Ostrava;Praha;Brno;Plzeň;"
    "Liberec;Hradec Králové;Pardubice;Zlín;České Budějovice;Ústí nad Labem;Jihlava;"
    "Karlovy Vary;Branná;Staré Město;Loučná nad Desnou;Karlovice;Jindřichov;"
    "Rejvíz;Horní Údolí;Dolní Údolí;Ondřejovice;Rožmitál;Salisov;Horní Lipová;Dolní Lipová;"
    "Široký Brod;Petříkov;Ramzová;Horní Domašov;"
    "Město Albrechtice;Domašov;Filipovice;Adolfovice;Hlucholazy;Glucholazy;Nysa",
    ";",
)

# Districts (ZSJ) of towns whose name is also a village of a neighbouring municipality.
SHARED_NAMES: Final = frozenset({"bobrovnik"})
