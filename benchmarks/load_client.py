"""A browser of one person for the load benchmark: one connection, cookies, forms, no scripts."""

import gzip
import http.client
import json
import re
import uuid
from html.parser import HTMLParser
from urllib.parse import urlencode

TIMEOUT_S = 60
_AGAIN = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)


class AnswerError(Exception):
    """An answer that is none of those expected."""


class Answer:
    """One answer of the server."""

    def __init__(self, status: int, location: str, body: bytes) -> None:
        self.status = status
        self.location = location
        self.body = body

    @property
    def text(self) -> str:
        """The page."""
        return self.body.decode()


class Browser:
    """Ask the server as one person's browser does, from an address of its own."""

    def __init__(self, port: int, address: str) -> None:
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=TIMEOUT_S, source_address=(address, 0)
        )
        self._cookies: dict[str, str] = {}

    def ask(
        self,
        path: str,
        *,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        expect: tuple[int, ...] = (200,),
    ) -> Answer:
        """Ask for a path; with `body`, send it.

        Raises
        ------
        AnswerError
            The status is none of `expect`.
        OSError, http.client.HTTPException
            There is no answer.
        """
        sent = {"Accept-Encoding": "gzip", "Accept": "text/html", **(headers or {})}
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        method = "GET" if body is None else "POST"
        try:
            self._connection.request(method, path, body=body, headers=sent)
            got = self._connection.getresponse()
        except _AGAIN:  # the server closes connections that nobody uses, as browsers know
            self._connection.close()
            self._connection.request(method, path, body=body, headers=sent)
            got = self._connection.getresponse()
        content = got.read()
        for line in got.headers.get_all("Set-Cookie", []):
            name, _equals, value = line.partition(";")[0].partition("=")
            self._cookies[name] = value
        if got.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        if got.status not in expect:
            told = re.sub(r"<[^>]+>|\s+", " ", content[-3000:].decode("utf-8", "replace"))
            raise AnswerError(f"{method} {path}: {got.status} {told.strip()[:300]}")
        return Answer(got.status, got.headers.get("Location", ""), content)

    def send_form(
        self, path: str, fields: dict[str, str], *, expect: tuple[int, ...] = (303,)
    ) -> Answer:
        """Send a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(path, body=urlencode(fields).encode(), headers=kind, expect=expect)

    def send_file(self, path: str, token: str, name: str, content: str) -> Answer:
        """Send the form of the import's first page with a file."""
        mark = uuid.uuid4().hex
        head = 'Content-Disposition: form-data; name="{}"'
        body = "\r\n".join(
            [
                f"--{mark}",
                head.format("csrf_token"),
                "",
                token,
                f"--{mark}",
                head.format("file") + f'; filename="{name}"',
                "Content-Type: text/csv",
                "",
                content,
                f"--{mark}--",
                "",
            ]
        ).encode()
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        return self.ask(path, body=body, headers=kind, expect=(303,))

    def send_json(
        self, path: str, token: str, content: dict[str, object], *, expect: tuple[int, ...]
    ) -> Answer:
        """Send JSON with a token, as the scripts of a page do."""
        headers = {"Content-Type": "application/json", "X-CSRFToken": token}
        return self.ask(path, body=json.dumps(content).encode(), headers=headers, expect=expect)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in through the form."""
        fields = read_form(self.ask("/sign-in").text, "/sign-in")
        self.send_form("/sign-in", fields | {"name": name, "password": password})


class _Forms(HTMLParser):
    """Collect the fields of the forms of a page with what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.options: dict[str, list[str]] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self.forms.append((has.get("action") or "", {}))
        if not self.forms:
            return
        fields = self.forms[-1][1]
        name, value = has.get("name") or "", has.get("value") or ""
        if tag == "input" and name:
            if has.get("type") not in {"checkbox", "radio", "submit", "file"} or "checked" in has:
                fields[name] = value
        elif tag == "select" and name:
            self._select = name
            self.options[name] = []
        elif tag == "option" and self._select:
            self.options[self._select].append(value)
            if "selected" in has or self._select not in fields:
                fields[self._select] = value

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


def read_form(page: str, action: str) -> dict[str, str]:
    """Return the fields of the form whose address begins with `action`.

    Raises
    ------
    AnswerError
        The page has no such form.
    """
    parser = _Forms()
    parser.feed(page)
    for address, fields in parser.forms:
        if address.startswith(action):
            return fields
    raise AnswerError(f"the page has no form for {action}")


def read_options(page: str, name: str) -> list[str]:
    """Return the values that a select offers, none where there is no such select."""
    parser = _Forms()
    parser.feed(page)
    return parser.options.get(name, [])
