"""Names of every column that crosses a module border; nothing else spells them out.

Incident frames are plain `pandas.DataFrame`s with `INCIDENT_COLUMNS`; coordinates are EPSG:5514
metres. Area frames are `geopandas.GeoDataFrame`s in EPSG:5514 with `AREA_COLUMNS`.
"""

from typing import Final

# --- incident table ------------------------------------------------------------------------
INCIDENT_ID: Final = "incident_id"  # str, stable: "<source>:<source_ref>"
SOURCE: Final = "source"  # str, id of a registered source
SOURCE_REF: Final = "source_ref"  # str, the source's own reference
OCCURRED_FROM: Final = "occurred_from"  # datetime64[s], Europe/Prague wall clock, or NaT
OCCURRED_TO: Final = "occurred_to"  # datetime64[s]; equals occurred_from for an instant
TIME_PRECISION: Final = "time_precision"  # one of TIME_PRECISIONS
REPORTED_AT: Final = "reported_at"  # datetime64[s] or NaT
OFFENCE: Final = "offence"  # str, the leading offence group
OFFENCE_GROUPS: Final = "offence_groups"  # str, all groups, sorted, joined by ";"
OFFENCE_CODES: Final = "offence_codes"  # str, all codes of the source, joined by ";"
OFFENCE_DETAIL: Final = "offence_detail"  # str, the source's own words
DISCOVERED_BY: Final = "discovered_by"  # one of DISCOVERED_BY_VALUES
X: Final = "x"  # float64, EPSG:5514 easting [m] (negative in Czechia), or NaN
Y: Final = "y"  # float64, EPSG:5514 northing [m] (negative in Czechia), or NaN
PLACE_TEXT: Final = "place_text"  # str
PLACE_METHOD: Final = "place_method"  # one of PLACE_METHODS
PLACE_PRECISION_M: Final = "place_precision_m"  # float64 [m] or NaN
DISPLACED: Final = "displaced"  # bool: position moved by the publisher
RELEVANCE: Final = "relevance"  # str, what the position stands for; "" where the source has none
STATUS: Final = "status"  # str, outcome code of the source; "" where it has none
COUNTED: Final = "counted"  # bool: False for what did not happen or is no offence
NOTE: Final = "note"  # str, restricted: may hold personal data
BATCH_ID: Final = "batch_id"  # int

INCIDENT_COLUMNS: Final = (
    INCIDENT_ID,
    SOURCE,
    SOURCE_REF,
    OCCURRED_FROM,
    OCCURRED_TO,
    TIME_PRECISION,
    REPORTED_AT,
    OFFENCE,
    OFFENCE_GROUPS,
    OFFENCE_CODES,
    OFFENCE_DETAIL,
    DISCOVERED_BY,
    X,
    Y,
    PLACE_TEXT,
    PLACE_METHOD,
    PLACE_PRECISION_M,
    DISPLACED,
    RELEVANCE,
    STATUS,
    COUNTED,
    NOTE,
    BATCH_ID,
)

TIME_PRECISIONS: Final = ("minute", "hour", "day", "month", "span", "unknown")
DISCOVERED_BY_VALUES: Final = ("reported", "patrol", "camera", "unknown")
PLACE_METHODS: Final = (
    "coordinates",
    "address",
    "corner",
    "street",  # the street's middle: the street is known, the place on it is not
    "landmark",
    "district",  # its middle
    "town_part",  # its middle
    "manual",
    "none",
)
SOURCE_KINDS: Final = ("apk", "municipal_police", "state_police", "other")

# --- placings: where an incident is, when its file does not say it in coordinates -------------
# (besides source, source_ref, x, y, place_method, place_precision_m)
PLACE_SCORE: Final = "place_score"  # float64, how well the text matched, 0 to 100; NaN for none
PLACE_MATCHED: Final = "place_matched"  # str, what the text was taken for, for a reader
PLACE_STATE: Final = "place_state"  # one of PLACE_STATES
PLACE_KEY: Final = "place_key"  # str, `hotspots.place_text.place_key` of the text
DECIDED_BY: Final = "decided_by"  # str, the person who decided; "" for the program
DECIDED_AT: Final = "decided_at"  # str, ISO moment in UTC; "" for the program

PLACING_COLUMNS: Final = (
    SOURCE,
    SOURCE_REF,
    X,
    Y,
    PLACE_METHOD,
    PLACE_PRECISION_M,
    PLACE_SCORE,
    PLACE_MATCHED,
    PLACE_STATE,
    PLACE_KEY,
    DECIDED_BY,
    DECIDED_AT,
)
AUTOMATIC: Final = "automatic"  # placed by the program, surely enough
DOUBTFUL: Final = "doubtful"  # candidates, none sure enough: waits for a person, has no position
NOT_FOUND: Final = "not_found"  # no candidate: waits for a person, has no position
BY_PERSON: Final = "by_person"  # a person has placed it
GIVEN_UP: Final = "given_up"  # a person says that it cannot be placed
PLACE_STATES: Final = (AUTOMATIC, DOUBTFUL, NOT_FOUND, BY_PERSON, GIVEN_UP)
WAITING_STATES: Final = (DOUBTFUL, NOT_FOUND)

# --- links: incidents that are one event ------------------------------------------------------
INCIDENT_A: Final = "incident_a"  # str, incident_id; sorts before INCIDENT_B
INCIDENT_B: Final = "incident_b"
LINK_STATE: Final = "link_state"  # one of LINK_STATES
LINK_SCORE: Final = "link_score"  # float64, 0 to 100, as it was when a person decided
CONFIRMED_LINK: Final = "confirmed"
DISMISSED_LINK: Final = "dismissed"
LINK_STATES: Final = (CONFIRMED_LINK, DISMISSED_LINK)
LINK_COLUMNS: Final = (INCIDENT_A, INCIDENT_B, LINK_STATE, LINK_SCORE, DECIDED_BY, DECIDED_AT)

# --- candidates: pairs of incidents that may be one event (besides INCIDENT_A, _B, LINK_SCORE) -
DISTANCE_M: Final = "distance_m"  # float64 [m]; NaN where a place is unknown or displaced
GAP_MINUTES: Final = "gap_minutes"  # float64 [min] between their times; 0 where these overlap
REASONS: Final = "reasons"  # str, keys of `hotspots.link`, joined by ";"
PAIR_COLUMNS: Final = (INCIDENT_A, INCIDENT_B, DISTANCE_M, GAP_MINUTES, LINK_SCORE, REASONS)

# --- area layers ---------------------------------------------------------------------------
AREA_ID: Final = "area_id"  # str, stable over layer versions
NAME: Final = "name"  # str
KIND: Final = "kind"  # one of AREA_KINDS
GEOMETRY: Final = "geometry"  # EPSG:5514
RESIDENTS: Final = "residents"  # float64, NaN where unknown
RESIDENTS_YEAR: Final = "residents_year"  # float64, NaN where unknown
AREA_KM2: Final = "area_km2"  # float64 [km²]
LENGTH_M: Final = "length_m"  # float64 [m] of street axis; NaN where there is none
STREET_ID: Final = "street_id"  # str, segments: area_id of their street
SEGMENT_NUMBER: Final = "segment_number"  # int64, segments: number along the street from 1
# bool: made from points or by estimate, not from real lines or boundaries
DERIVED: Final = "derived"
PRECISION_M: Final = "precision_m"  # float64 [m], how far the boundary may be off
LAYER_SOURCE: Final = "layer_source"  # str, who the geometry comes from, with year
PLACE_KIND: Final = "place_kind"  # str, landmarks: see hotspots.layers.places

AREA_COLUMNS: Final = (
    AREA_ID,
    NAME,
    KIND,
    RESIDENTS,
    RESIDENTS_YEAR,
    AREA_KM2,
    LENGTH_M,
    DERIVED,
    PRECISION_M,
    LAYER_SOURCE,
    GEOMETRY,
)

STREET: Final = "street"
SEGMENT: Final = "segment"
DISTRICT: Final = "district"
TOWN_PART: Final = "town_part"
ELECTORAL_DISTRICT: Final = "electoral_district"
CADASTRAL_UNIT: Final = "cadastral_unit"
MUNICIPALITY: Final = "municipality"
LOCALITY: Final = "locality"
PATROL_BEAT: Final = "patrol_beat"
QUARTER: Final = "quarter"
GRID: Final = "grid"
AREA_KINDS: Final = (
    STREET,
    SEGMENT,
    DISTRICT,
    TOWN_PART,
    ELECTORAL_DISTRICT,
    CADASTRAL_UNIT,
    MUNICIPALITY,
    LOCALITY,
    PATROL_BEAT,
    QUARTER,
    GRID,
)
# Displaced positions say nothing about anything finer than these.
DISPLACED_KINDS: Final = frozenset(
    {DISTRICT, TOWN_PART, ELECTORAL_DISTRICT, CADASTRAL_UNIT, MUNICIPALITY}
)
# Drawn by the town for its own use: they may overlap, so that each is counted for itself.
OWN_KINDS: Final = frozenset({LOCALITY, PATROL_BEAT, QUARTER})
# Areas in which an incident keeps the place of its time when layers change; the town's own areas
# and the grid are always those in force.
KEPT_KINDS: Final = frozenset(AREA_KINDS) - OWN_KINDS - {GRID}

# --- address points and buildings ------------------------------------------------------------
ADDRESS_CODE: Final = "address_code"  # str, RÚIAN's code of the address point (Kód ADM)
STREET_CODE: Final = "street_code"  # str, RÚIAN's code of the street; "" where there is none
STREET_NAME: Final = "street_name"  # str; "" in villages without street names
NUMBER_KIND: Final = "number_kind"  # č.p. (house number) or č.ev. (provisional number)
HOUSE_NUMBER: Final = "house_number"  # str of digits
ORIENTATION_NUMBER: Final = "orientation_number"  # str of digits and a letter: "12a"; "" if none
TOWN_PART_CODE: Final = "town_part_code"  # str, RÚIAN's code of the part (část obce)
TOWN_PART_NAME: Final = "town_part_name"  # str
POSTCODE: Final = "postcode"  # str of five digits
BUILDING_CODE: Final = "building_code"  # str, RÚIAN's code of the building
BUILDING_KIND: Final = "building_kind"  # č.p., č.ev. or "" (without a number)
HOUSE_NUMBERS: Final = "house_numbers"  # str, joined by ";"
FLATS: Final = "flats"  # float64, NaN where unknown

ADDRESS_COLUMNS: Final = (
    ADDRESS_CODE,
    STREET_CODE,
    STREET_NAME,
    NUMBER_KIND,
    HOUSE_NUMBER,
    ORIENTATION_NUMBER,
    TOWN_PART_CODE,
    TOWN_PART_NAME,
    POSTCODE,
    LAYER_SOURCE,
    GEOMETRY,
)
BUILDING_COLUMNS: Final = (
    BUILDING_CODE,
    BUILDING_KIND,
    HOUSE_NUMBERS,
    TOWN_PART_CODE,
    FLATS,
    LAYER_SOURCE,
    GEOMETRY,
)

# --- count table, long form ----------------------------------------------------------------
PERIOD: Final = "period"  # str label: 2024-03, 2024-Q1, 2024-W07, 2024
PERIOD_FROM: Final = "period_from"  # date, first day
PERIOD_TO: Final = "period_to"  # date, last day (inclusive)
RECORD: Final = "record"  # recorded, partial, missing
RECORDED_DAYS: Final = "recorded_days"  # int, days on which every chosen source kept record
N_INCIDENTS: Final = "n_incidents"  # Int64, <NA> where missing
DENSITY_KM2: Final = "density_per_km2"  # float64, incidents per km² in the period
DENSITY_100M: Final = "density_per_100_m"  # float64, incidents per 100 m of street in the period
RATE_1000: Final = "rate_per_1000_year"  # float64, per 1,000 residents and year of record

COUNT_COLUMNS: Final = (
    AREA_ID,
    NAME,
    KIND,
    PERIOD,
    PERIOD_FROM,
    PERIOD_TO,
    RECORD,
    RECORDED_DAYS,
    N_INCIDENTS,
    AREA_KM2,
    LENGTH_M,
    RESIDENTS,
    RESIDENTS_YEAR,
    DENSITY_KM2,
    DENSITY_100M,
    RATE_1000,
    LAYER_SOURCE,
)

RECORDED: Final = "recorded"
PARTIAL: Final = "partial"
MISSING: Final = "missing"
