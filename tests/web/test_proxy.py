"""Behind a proxy: its word is believed, nobody else's; and the shipped site in a real nginx."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import jsonify, request
from waitress import wasyncore

from hotspots.cli import main
from hotspots.errors import ParameterError
from hotspots.settings import Workspace
from tests.web.signing import PASSWORD, make_app
from web import access
from web.front import Proxy, put_behind
from web.server import make_server

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "scripts" / "deploy" / "nginx-hotspots.conf"
NAME = "mapa.mesto.cz"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
needs_nginx = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None,
    reason="nginx and openssl are not installed: apt-get install nginx-light openssl",
)
BOUNDARY = "proxy"


class Behind:
    """The pages of a workspace with accounts, in waitress as behind a proxy on this machine."""

    def __init__(self, workspace):
        self.workspace = workspace
        # One route more, which tells what the pages would believe.
        access.ROUTES["seen"] = access.Right.ANYONE
        self.app = make_app(workspace)
        self.app.add_url_rule("/seen", "seen", self.seen)
        self.proxy = Proxy("127.0.0.1", NAME)
        put_behind(self.app, self.proxy)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.server = make_server(self.app, [self.socket], proxy=self.proxy)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    @staticmethod
    def seen():
        return jsonify(address=request.remote_addr, secure=request.is_secure, host=request.host)

    def ask(self, path, headers=None, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode(), response.headers
        finally:
            connection.close()

    def close(self):
        self.server.trigger.pull_trigger(lambda: wasyncore.close_all(self.server._map))
        self.thread.join(10)
        self.server.task_dispatcher.shutdown()
        self.app.extensions["hotspots_jobs"].stop()


@pytest.fixture(scope="module")
def behind(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("proxy") / "town"
    shutil.copytree(sample.path, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access, "check_table", lambda _endpoints: None)
        patch.setattr(access, "ROUTES", dict(access.ROUTES))
        patch.setattr("web.auth.ROUTES", access.ROUTES)
        served = Behind(Workspace.open(folder))
        yield served
        served.close()


PASSED = {
    "Host": NAME,
    "X-Forwarded-Host": NAME,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "192.0.2.7",
}


def test_what_the_proxy_says_is_believed(behind):
    status, text, headers = behind.ask("/seen", PASSED)
    assert (status, json.loads(text)) == (
        200,
        {"address": "192.0.2.7", "secure": True, "host": NAME},
    )
    assert headers["Strict-Transport-Security"] == "max-age=15768000"


def test_only_the_last_address_is_the_proxys_word(behind):
    _status, text, _headers = behind.ask(
        "/seen", PASSED | {"X-Forwarded-For": "10.9.9.9, 192.0.2.7", "Forwarded": "for=10.8.8.8"}
    )
    assert json.loads(text)["address"] == "192.0.2.7"


def test_another_name_is_refused(behind):
    for name in ("evil.example", "mapa.mesto.cz.evil.example"):
        status, text, _headers = behind.ask("/seen", PASSED | {"X-Forwarded-Host": name})
        assert status == 421
        assert "192.0.2.7" not in text


def test_malformed_words_of_a_proxy_are_refused(behind):
    status, _text, _headers = behind.ask("/seen", PASSED | {"X-Forwarded-Proto": "gopher"})
    assert status == 400


def test_nobody_else_is_believed(sample):
    """A proxy on another address: what comes from here is taken as what it is."""
    app = make_app(sample)
    proxy = Proxy("192.0.2.1", NAME)
    put_behind(app, proxy)
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "10.0.0.1"}
    assert proxy.believe(environ)
    assert environ["REMOTE_ADDR"] == "127.0.0.1"


def test_who_comes_past_the_proxy_is_sent_away(sample, monkeypatch):
    monkeypatch.setattr("web.intake.is_loopback", lambda _address: False)
    app = make_app(sample)
    listening = socket.create_server(("127.0.0.1", 0))
    server = make_server(app, [listening], proxy=Proxy("192.0.2.1", NAME))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        link = http.client.HTTPConnection("127.0.0.1", listening.getsockname()[1], timeout=20)
        link.request("GET", "/health", headers={"Host": "127.0.0.1"})
        response = link.getresponse()
        assert response.status == 400
        assert b"by its public name only" in response.read()
        link.close()
    finally:
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(10)
        server.task_dispatcher.shutdown()


def test_large_bodies_are_taken_from_who_may_import_only(behind):
    """The size is judged by the headers, before a byte of the body is sent."""
    head = PASSED | {
        "Content-Length": "300000000",
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
    }
    lines = [f"{name}: {value}" for name, value in head.items()]
    with socket.create_connection(("127.0.0.1", behind.port), timeout=10) as link:
        link.sendall("\r\n".join(["POST /import HTTP/1.1", *lines]).encode() + b"\r\n\r\n")
        assert link.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], "would let other machines sign in without HTTPS"),  # noqa: S104
        (["--host", "192.168.1.5"], "--behind-proxy and --public-name NAME"),
        (["--behind-proxy"], "needs --public-name NAME"),
        (["--public-name", NAME], "needs --behind-proxy"),
        (["--behind-proxy", "nginx.local", "--public-name", NAME], "numeric address"),
        (["--behind-proxy", "--public-name", f"https://{NAME}/"], "without https:// and port"),
    ],
)
def test_serving_others_needs_a_shelter(tmp_path, options, says):
    made = CliRunner().invoke(main, ["init", str(tmp_path / "town")])
    assert made.exit_code == 0
    result = CliRunner().invoke(main, ["serve", "-w", str(tmp_path / "town"), *options])
    assert result.exit_code == 2
    assert says in result.output


def test_the_demonstration_is_for_this_machine(tmp_path):
    result = CliRunner().invoke(main, ["demo", "--host", "0.0.0.0"])  # noqa: S104
    assert result.exit_code == 2
    assert "shown on this machine only" in result.output


@pytest.mark.parametrize("name", ["", "a b", "https://x.cz", "x.cz:8443", "ž.cz"])
def test_a_public_name_is_a_name(name):
    with pytest.raises(ParameterError, match="--public-name takes the name"):
        Proxy("127.0.0.1", name)


def test_the_command_serves_as_the_unit_starts_it(tmp_path):
    """Its own process: health, log lines, the public name, and an end when it is told to stop."""
    assert CliRunner().invoke(main, ["init", str(tmp_path / "town")]).exit_code == 0
    port = free_port()
    unit = (ROOT / "scripts" / "deploy" / "hotspots.service").read_text(encoding="utf-8")
    command = re.search(r"ExecStart=\S+/hotspots (.*)", unit)[1].split()
    with subprocess.Popen(
        [sys.executable, "-m", "hotspots", *command, "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "HOTSPOTS_WORKSPACE": str(tmp_path / "town")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            answer = ask_until_up(port, {"Host": NAME, "X-Forwarded-Proto": "https"})
        finally:
            child.terminate()
            out, errors = child.communicate(timeout=30)
    assert answer == (200, {"status": "ok"}, "max-age=15768000")
    assert child.returncode == 0
    assert f"https://{NAME}/link/" in out
    lines = [json.loads(line) for line in errors.splitlines()]
    assert [line["route"] for line in lines if line["event"] == "request"] == ["/health"]
    assert "/link/" not in errors


def ask_until_up(port, headers):
    deadline = time.monotonic() + 60
    while True:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            link.request("GET", "/health", headers=headers)
            response = link.getresponse()
            body = json.loads(response.read())
            return response.status, body, response.headers["Strict-Transport-Security"]
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        finally:
            link.close()


# --- the real one ------------------------------------------------------------------------------
class Nginx:
    """Debian's nginx with the shipped site, unprivileged, on free ports."""

    def __init__(self, folder, upstream):
        self.folder = folder
        self.tls, self.plain = free_port(), free_port()
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
        command += f" -subj /CN={NAME} -addext subjectAltName=DNS:{NAME}"
        command += " -keyout privkey.pem -out fullchain.pem"
        subprocess.run(command.split(), check=True, capture_output=True, cwd=folder)
        site = SITE.read_text(encoding="utf-8")
        # Only what a test without root must have other: ports, the certificate, the upstream.
        site = re.sub(r" *listen \[::\]:.*\n", "", site)
        site = site.replace("listen 443", f"listen 127.0.0.1:{self.tls}")
        site = site.replace("listen 80", f"listen 127.0.0.1:{self.plain}")
        site = site.replace("/etc/ssl/hotspots/", f"{folder}/")
        site = site.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
        site = site.replace("https://$host$request_uri", f"https://$host:{self.tls}$request_uri")
        temporary = "".join(
            f"  {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;\n"
            f"events {{}}\nhttp {{\n{temporary}{site}\n}}\n",
            encoding="utf-8",
        )
        with (folder / "errors").open("wb") as errors:
            self.process = subprocess.Popen(
                [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"],
                stderr=errors,
            )
        self.context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (folder / "errors").read_text()
            try:
                socket.create_connection(("127.0.0.1", self.tls), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)

    def close(self):
        self.process.terminate()
        self.process.wait(10)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


class Browser:
    """What a browser does at the public name: HTTPS to nginx, cookies kept, redirects told."""

    def __init__(self, nginx):
        self.nginx = nginx
        self.origin = f"https://{NAME}:{nginx.tls}"
        self.cookies = {}
        self.set_cookie = []

    def ask(self, path, method="GET", body=None, headers=None, name=NAME):
        link = Named(self.nginx, name)
        named = {"Host": f"{name}:{self.nginx.tls}", **(headers or {})}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        try:
            link.request(method, path, body=body, headers=named)
            response = link.getresponse()
            data = response.read()
            for line in response.headers.get_all("Set-Cookie") or []:
                self.set_cookie.append(line)
                key, _, value = line.partition(";")[0].partition("=")
                self.cookies[key] = value
            return response.status, data.decode("utf-8", "replace"), response.headers
        finally:
            link.close()

    def token(self, path):
        page = self.ask(path)[1]
        return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]

    def send(self, path, fields, headers=None):
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        body = "&".join(f"{k}={v}" for k, v in fields.items())
        return self.ask(path, "POST", body, {**form, **(headers or {})})

    def sign_in(self, role, headers=None):
        fields = {"csrf_token": self.token("/sign-in?lang=en"), "name": role, "password": PASSWORD}
        return self.send("/sign-in?lang=en", fields, headers)


class Named(http.client.HTTPSConnection):
    """A connection to nginx on this machine that asks for the public name."""

    def __init__(self, nginx, name):
        super().__init__("127.0.0.1", nginx.tls, timeout=30)
        self._name, self._nginx = name, nginx

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self._nginx.tls), timeout=30)
        context = self._nginx.context
        if self._name != NAME:
            context = ssl._create_unverified_context()  # noqa: S323 - another name is asked for
        self.sock = context.wrap_socket(plain, server_hostname=self._name)


@pytest.fixture(scope="module")
def nginx(behind, tmp_path_factory):
    started = Nginx(tmp_path_factory.mktemp("nginx"), behind.port)
    yield started
    started.close()


@pytest.fixture
def browser(nginx):
    return Browser(nginx)


@pytest.fixture
def import_file(tmp_path):
    """A body of 30 MB that sends one table, mostly empty lines."""
    rows = b"id;when;x;y;what\n1;5.3.2024 21:30;-543450;-1050790;public_order\n"
    return rows + b"\n" * 30_000_000


@needs_nginx
def test_signing_in_through_tls(browser):
    status, _page, headers = browser.sign_in("commander")
    assert status == 303
    assert headers["Location"].startswith("/")
    session_cookies = [line for line in browser.set_cookie if "HttpOnly" in line]
    assert session_cookies
    for line in session_cookies:
        assert "Secure" in line
        assert "SameSite=Lax" in line
    status, page, headers = browser.ask("/?lang=en")
    assert status == 200
    assert "Commander Testovací" in page
    assert headers["Strict-Transport-Security"]


@needs_nginx
def test_the_clients_address_is_nginx_word(browser):
    spoofed = {
        "X-Forwarded-For": "10.9.9.9",
        "X-Real-IP": "10.9.9.9",
        "Forwarded": "for=10.9.9.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "http",
    }
    seen = json.loads(browser.ask("/seen", headers=spoofed)[1])
    assert seen == {
        "address": "127.0.0.1",
        "secure": True,
        "host": f"{NAME}:{browser.nginx.tls}",
    }


@needs_nginx
def test_waiting_after_wrong_passwords_cannot_be_dodged_by_headers(browser):
    answers = []
    for number in range(6):
        fields = {"csrf_token": browser.token("/sign-in?lang=en"), "name": "mentor"}
        fields["password"] = "wrong-password-indeed"  # noqa: S105
        headers = {"X-Forwarded-For": f"10.1.1.{number}"}
        answers.append(browser.send("/sign-in?lang=en", fields, headers)[0])
    assert answers[0] == 403
    assert answers[-1] == 429


@needs_nginx
def test_pages_maps_and_forms_work(browser):
    browser.sign_in("administrator")
    status, page, _headers = browser.ask("/?lang=en")
    assert status == 200
    frame = re.search(r'<iframe[^>]*src="([^"]+)"', page)
    assert frame, "the situation has no map frame"
    status, text, headers = browser.ask(frame[1].replace("&amp;", "&"))
    assert status == 200
    assert browser.origin in headers["Content-Security-Policy"]
    assert "http://" not in headers["Content-Security-Policy"]
    assert "leaflet" in text.lower()
    status, page, _headers = browser.ask("/report?lang=en")
    assert status == 200
    assert "csrf_token" in page
    for asset in re.findall(r'(?:src|href)="(/static/[^"]+)"', page)[:4]:
        assert browser.ask(asset)[0] == 200


@needs_nginx
def test_a_large_file_gets_through(browser, import_file):
    browser.sign_in("administrator")
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="csrf_token"\r\n\r\n{browser.token("/import?lang=en")}\r\n'
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        'name="file"; filename="large.csv"\r\n\r\n'
    ).encode()
    body = head + import_file + f"\r\n--{BOUNDARY}--\r\n".encode()
    status, page, headers = browser.ask(
        "/import?lang=en",
        "POST",
        body,
        {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Origin": browser.origin},
    )
    assert status == 303, page[:500]
    assert headers["Location"].startswith("/import/")


@needs_nginx
def test_health_and_other_names(browser):
    status, text, _headers = browser.ask("/health")
    assert (status, json.loads(text)) == (200, {"status": "ok"})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        browser.ask("/health", name="evil.example")


@needs_nginx
def test_plain_http_leads_to_https(browser):
    link = http.client.HTTPConnection("127.0.0.1", browser.nginx.plain, timeout=20)
    link.request("GET", "/report?lang=en", headers={"Host": NAME})
    response = link.getresponse()
    assert response.status == 301
    assert response.headers["Location"] == f"{browser.origin}/report?lang=en"
    assert response.headers["Set-Cookie"] is None
    link.close()


@needs_nginx
def test_forms_of_other_sites_are_refused(browser):
    browser.sign_in("administrator")
    fields = {"csrf_token": browser.token("/report?lang=en")}
    status, page, _headers = browser.send(
        "/sign-out?lang=en", fields, {"Origin": "https://evil.example"}
    )
    assert status == 403
    assert "another site" in page
