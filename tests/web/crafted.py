"""A table of crafted requests, made by class and route; `test_crafted.py` sends them all."""

import json
from dataclasses import dataclass, field
from urllib.parse import urlencode

from hotspots.accounts.roles import ADMINISTRATOR, ASSISTANT, COMMANDER, COUNCIL, MENTOR
from web.access import RIGHTS, ROUTES

from .filled import addresses
from .signing import NOBODY

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
INJECTED = "X-Injected"
BREAK = f"a\r\n{INJECTED}: 1\r\n\r\n<html>"

# What stands where an address names a thing.
TRICKS = {
    "up": b"../secret.key",
    "up twice": b"../../web/app.py",
    "backslash": b"..\\..\\secret.key",
    "encoded twice": b"%2e%2e%2fsecret.key",
    "encoded backslash": b"..%5csecret.key",
    "dots": b"..",
    "root": b"/etc/passwd",
    "drive": b"C:\\secret.key",
    "null": b"\x00",
    "null before ending": b"secret.key\x00.css",
    "no UTF-8": b"\xff\xfe",
    "overlong UTF-8": b"\xc0\xae\xc0\xae\xc0\xafsecret.key",
    "long": b"x" * 5000,
    "right to left": "\u202eyek.terces".encode(),
    "SQL": b"x' OR '1'='1' --",
    "template": b"{{7*191}}",
    "script": b"<script>alert(1)</script>",
    "line break": BREAK.encode(),
    "zero": b"0",
    "below zero": b"-1",
    "huge": b"9" * 40,
    "Arabic digit": "\u0661".encode(),
}
# What a field of a form, or of an address, holds.
VALUES = {
    "null": "\x00",
    "script": "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>",
    "line break": BREAK,
    "huge": "9" * 400,
    "below zero": "-1",
    "beyond floats": "1e999",
    "not a number": "nan",
    "Arabic digits": "\u0661\u0662",
    "no such day": "2024-02-30",
    "year zero": "0000-00-00",
    "long": "A" * 3000,
    "template": "{{7*191}}${7*191}",
    "SQL": "x' OR '1'='1' --",
    "path": "../../secret.key",
}
# Every name that a form or an address of these pages knows, and some that none does.
_NAMES = """
action accuracy_m again allow_other_town as_kind assistant at batch before by choice code
code_column column-when confirmed_old consequence correct crs day decision discovered_by
display_name do done dry_run every from group history hour_from hour_to hours incident index item
kind label lang lat law layer lon measure measures municipality name name_column new new_source
next note offence old one only other outside_ok page part password pattern person place placed_by
q recalled remember report_id reported_at residents_column role seen since source state test
things to town two undone version view weekday when where window year __proto__ _method
"""
NAMES = tuple(_NAMES.split())
BODIES = {
    "another type": (JSON, b"{}"),
    "no type": ("", b"name=a"),
    "XML": ("text/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    "type of nonsense": ("a/b; charset=\xff; =;;", b"name=a"),
    "unknown charset": (f"{FORM}; charset=utf-99", b"name=%c5%99"),
    "parts without boundary": ("multipart/form-data", b"--x\r\n\r\n--x--"),
    "parts cut off": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nabc',
    ),
    "part without name": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n",
    ),
    "headers of a part without end": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: " + b"a" * 60_000,
    ),
    "boundary beyond reason": (f"multipart/form-data; boundary={'x' * 3000}", b"--x--"),
    "a million fields": (FORM, b"a=&" * 1_000_000),
    "many fields": (FORM, b"a=&" * 20_000),
    "many parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 900 + b"--x--\r\n",
    ),
    "no UTF-8": (FORM, b"name=%ff%fe&source=\xff&q=%c0%ae&display_name=%80"),
    "halves of surrogates": (FORM, b"name=%ed%a0%80&q=%ed%b0%80&display_name=%ed%a0%80"),
    "deep JSON": (JSON, b"[" * 60_000),
    "deep object": (JSON, b'{"a":' * 10_000),
    "no number": (JSON, b'{"lon": NaN, "lat": -Infinity, "report_id": 1}'),
    "huge number": (JSON, b'{"lon": ' + b"9" * 6_000 + b', "report_id": "x"}'),
    "half a surrogate": (
        JSON,
        b'{"report_id": "\\ud800", "note": "\\udfff", "things": ["\\ud800"]}',
    ),
    "JSON of no UTF-8": (JSON, b'{"report_id": "\xff\xfe"}'),
    "JSON of another type": (JSON, b'["report_id"]'),
    "null as JSON": (JSON, b"null"),
    "same key twice": (JSON, b'{"report_id": "a", "report_id": ["b"]}'),
    "claims more than it sends": (FORM, b""),
}
HOSTS = (
    "evil.example",
    "evil.example:80",
    "localhost.evil.example",
    "localhost@evil.example",
    "localhost, evil.example",
    "localhost evil.example",
    "[::1]evil.example",
    "localhost:1:2",
    "localhost/evil",
    "localhost#",
    "127.0.0.1.nip.io",
    "2130706433",
    "0x7f.1",
    "192.168.1.20",
    "\u2488ocalhost",
    "<script>",
)
NEXTS = (
    "//evil.example",
    "///evil.example",
    "////evil.example/%2f..",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:///evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    " //evil.example",
    "\t//evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nX-Injected: 1",
    "/\r\nSet-Cookie: a=b",
    "evil.example",
    "@evil.example",
    "?//evil.example",
    "#//evil.example",
    ".//evil.example",
    "/" + "a" * 5000,
    "/\u2028/evil.example",
    "/\x00/evil.example",
)
# Said by a program between, or by somebody who says to be one.
FORWARDED = (
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Forwarded-For": "127.0.0.1, 127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1;host=localhost;proto=https"},
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Prefix": "/evil"},
    {"X-Original-URL": "/users"},
    {"X-Rewrite-URL": "/users"},
    {"X-Forwarded-User": ADMINISTRATOR},
    {"Remote-User": ADMINISTRATOR},
    {"X-Remote-User": ADMINISTRATOR},
    {"Authorization": "Basic YWRtaW5pc3RyYXRvcjphZG1pbg=="},
)
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")


@dataclass(frozen=True)
class Crafted:
    """One request.

    Attributes
    ----------
    name
        Class, what is crafted, and where.
    method, path
        The path as the server sees it: decoded, as bytes.
    who
        Role that sends it, or nobody.
    query, headers, body, kind
        What goes along; `kind` is the type of the body.
    statuses
        Those allowed; empty for any below 500.
    """

    name: str
    method: str
    path: bytes
    who: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    kind: str = ""
    statuses: frozenset[int] = frozenset()


REFUSED = frozenset({303, 308, 400, 401, 403, 404, 405, 409, 413, 415, 421, 429})
# They do what they say whatever is sent along.
NEED_NOTHING = {"auth.sign_out", "account.sign_out_elsewhere"}
# Pages that take no fields and long: they are crawled elsewhere.
SLOW = {"overview.show", "overview.show_map", "layer_changes.version", "layer_changes.ask_repair"}
OF_SOMEBODY = "nobody.here"


def in_turn(table, number, step):
    """Return every `step`-th line of a table, others for other numbers: all of them in the end."""
    return list(table.items())[number % step :: step]


def crafted_paths(app):
    """Tricks in place of every name in an address, by each method of its route."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.arguments]
    for number, rule in enumerate(rules):
        prefix, _open, rest = rule.rule.partition("<")
        suffix = rest.partition(">")[2].encode()
        for trick, text in in_turn(TRICKS, number, 2):
            for method in sorted(rule.methods - {"HEAD"}):
                path = prefix.encode() + text + suffix
                name = f"path: {trick}: {method} {rule.rule}"
                statuses = frozenset() if trick == "Arabic digit" else REFUSED  # also a number
                yield Crafted(name, method, path, ADMINISTRATOR, statuses=statuses)


def crafted_ids(filled):
    """Things of other people, named by who should not have them."""
    ids = filled.ids
    own, other = ids["report_id"], ids["other_report_id"]
    for who, report in ((ASSISTANT, other), (MENTOR, own), (ADMINISTRATOR, own)):
        for method, path in (
            ("GET", f"/my-reports/{report}"),
            ("POST", f"/my-reports/{report}"),
            ("POST", f"/my-reports/{report}/undo"),
        ):
            yield from _refused(who, method, path)
        said = {"report_id": report, "correct": True, "things": ["night_noise"], "place": "x"}
        for path in ("/report/send", "/report/undo"):
            body = json.dumps(said).encode()
            name = f"id: {who} POST {path}"
            yield Crafted(name, "POST", path.encode(), who, body=body, kind=JSON, statuses=REFUSED)
    for who in (NOBODY, COUNCIL, ASSISTANT, COMMANDER, MENTOR):
        for method, path in (
            ("GET", f"/admin/backups/{ids['backup']}"),
            ("GET", f"/import/{ids['staged_id']}"),
            ("POST", f"/import/{ids['staged_id']}"),
            ("GET", f"/jobs/{ids['job_id']}"),
            ("GET", f"/jobs/{ids['job_id']}.json"),
            ("POST", f"/jobs/{ids['job_id']}/cancel"),
            ("GET", f"/layers/jobs/{ids['job_id']}"),
            ("GET", f"/batches/{ids['batch_id']}/undo"),
            ("POST", f"/batches/{ids['batch_id']}/undo"),
            ("GET", f"/users/{ids['name']}"),
            ("POST", f"/users/{ids['name']}/reset"),
            ("POST", "/users/administrator/close"),
        ):
            yield from _refused(who, method, path)
    for who in (NOBODY, COUNCIL, ASSISTANT):
        for path in (
            f"/mentor/note/{own}",
            f"/batches/{ids['batch_id']}",
            f"/batches/{ids['batch_id']}/export.csv",
            f"/batches/{ids['batch_id']}/rejected.csv",
            f"/batches/reports/{ids['day']}",
        ):
            yield from _refused(who, "GET", path)


def _refused(who, method, path):
    name = f"id: {who or 'nobody'} {method} {path}"
    yield Crafted(name, method, path.encode(), who, statuses=REFUSED)


def crafted_bodies(app, filled):
    """Malformed bodies and hostile fields for every form."""
    found = [one for one in addresses(app, filled) if "POST" in one[1]]
    for number, (endpoint, _methods, path) in enumerate(found):
        if endpoint in NEED_NOTHING:
            continue
        for name in ("name", "token"):
            path = path.replace(str(filled.ids[name]), OF_SOMEBODY)
        who = ADMINISTRATOR if ROUTES[endpoint] in RIGHTS[ADMINISTRATOR] else NOBODY
        for what, (kind, body) in in_turn(BODIES, number, 3):
            headers = {"Content-Length": "900"} if what.startswith("claims") else {}
            name = f"body: {what}: {path}"
            yield Crafted(name, "POST", path.encode(), who, body=body, kind=kind, headers=headers)
        for what, value in in_turn(VALUES, number, 3):
            if endpoint == "account.rename" and value.isprintable() and len(value) < 100:
                continue  # a person may be called so
            body = urlencode([(name, value) for name in NAMES]).encode()
            name = f"fields: {what}: {path}"
            yield Crafted(name, "POST", path.encode(), who, body=body, kind=FORM)


def crafted_queries(app, filled):
    """Hostile values in the address of every page."""
    values = {"half of a surrogate": "\udc80"} | VALUES
    found = [one for one in addresses(app, filled) if "GET" in one[1] and one[0] not in SLOW]
    for number, (endpoint, _methods, path) in enumerate(found):
        for what, value in in_turn(values, number, 6):
            pairs = [(name, value) for name in NAMES]
            query = urlencode(pairs, errors="surrogateescape")
            yield Crafted(
                f"query: {what}: {path}", "GET", path.encode(), ADMINISTRATOR, query=query
            )
        query = "lang=cs%0d%0aX-Injected:%201&next=/%0d%0aX-Injected:%201"
        name = f"query: language: {endpoint}"
        yield Crafted(name, "GET", path.encode(), NOBODY, query=query)


def crafted_headers():
    """Hosts, methods and senders that are not."""
    misdirected = frozenset({400, 421})
    for host in HOSTS:
        for path in ("/", "/sign-in", "/static/css/base.css", "/users"):
            headers = {"Host": host}
            name = f"host: {host} {path}"
            yield Crafted(
                name, "GET", path.encode(), ADMINISTRATOR, headers=headers, statuses=misdirected
            )
    for header in OVERRIDES:
        for method in ("POST", "DELETE", "PUT"):
            yield Crafted(
                f"method: {header} {method}",
                "GET",
                b"/admin/backups",
                ADMINISTRATOR,
                headers={header: method},
                query=f"_method={method}",
                statuses=frozenset({200}),
            )
    for said in FORWARDED:
        for method, path in (("GET", "/users"), ("GET", "/"), ("POST", "/users")):
            name = f"forwarded: {said} {method} {path}"
            yield Crafted(
                name, method, path.encode(), NOBODY, headers=said, statuses=frozenset({303, 401})
            )
    for query in ("next=//evil.example", "next=https:evil.example", "next=/%5cevil.example"):
        for path in ("/sign-in", "//evil.example/layers", "/\\evil.example", "//evil.example"):
            name = f"redirect: {path} {query}"
            for who in (NOBODY, ADMINISTRATOR):
                yield Crafted(name, "GET", path.encode(), who, query=query)
