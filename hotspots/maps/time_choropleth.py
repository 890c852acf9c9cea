"""The project's Folium elements: a figure that keeps a strict content policy, and the time map."""

from html import escape
from typing import Any, Final

import folium
from branca.element import Element, Figure, MacroElement
from jinja2 import Environment, Template, select_autoescape

from hotspots.maps.assets import SCRIPTS, STYLES, asset_text, asset_version

INLINE: Final = "inline"
LINKED: Final = "linked"

_ENVIRONMENT: Final = Environment(
    autoescape=select_autoescape(default=True, default_for_string=True),
    trim_blocks=True,
    lstrip_blocks=True,
)


def _template(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


class Literal(Element):
    """Finished text; branca's own `Element` would read it as a Jinja template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = str(text)

    def render(self, **_kwargs: Any) -> str:
        """Return the text unchanged."""
        return self.text


class MapFigure(Figure):
    """A whole page without one request to another host; every script and style has a nonce."""

    _template = _template(
        """<!DOCTYPE html>
<html lang="{{ this.language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{% if this.policy %}
<meta http-equiv="Content-Security-Policy" content="{{ this.policy }}">
{% endif %}
<meta name="referrer" content="strict-origin-when-cross-origin">
<title>{{ this.title }}</title>
<link rel="icon" href="data:,">
{{ this.header.render(**kwargs) | safe }}
</head>
<body>
{{ this.html.render(**kwargs) | safe }}
{{ this.after.render(**kwargs) | safe }}
<script nonce="{{ this.nonce }}">
{{ this.script.render(**kwargs) | safe }}
</script>
</body>
</html>
"""
    )

    def __init__(self, *, title: str, language: str, nonce: str, policy: str) -> None:
        super().__init__(title=title)
        self.header = Element()
        self.header._parent = self
        # What must load after the page's own elements and before its script.
        self.after = Element()
        self.after._parent = self
        self.language = language
        self.nonce = nonce
        self.policy = policy


class TimeMap(folium.Map):
    """A Folium map that asks for no script or style of its own; `TimeChoropleth` brings them."""

    default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own attribute
    default_css: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own attribute

    _template = _template(
        """{% macro html(this, kwargs) %}{% endmacro %}
{% macro script(this, kwargs) %}{% endmacro %}"""
    )

    def __init__(self, figure: MapFigure) -> None:
        super().__init__(tiles=None)
        # The figure that folium makes for every map gives way to ours.
        self._id = "time"
        figure.add_child(self)


class TimeChoropleth(MacroElement):
    """Areas in classes of colour that change over time, drawn by the project's own scripts.

    Parameters
    ----------
    data
        JSON of `payload.make_payload`, escaped for a script element.
    heading, detail
        Finding and totals above the map.
    about
        (heading, text) below the map.
    credit
        Whom to credit for what is drawn, in the map's corner; in a frame too.
    assets
        `inline` puts scripts and styles into the page, `linked` points to `asset_url`.
    embedded
        For a page that has its own heading, table and source lines.
    asset_url
        Address of the directory that serves the assets, ending with a slash.
    """

    _template = _template(
        """{% macro html(this, kwargs) %}
<{{ this.tag }} class="hs{% if this.embedded %} hs-embedded{% endif %}" id="hs">
{% if not this.embedded %}
<header class="hs-head">
<h1>{{ this.heading }}</h1>
<p class="hs-detail">{{ this.detail }}</p>
</header>
{% endif %}
<div class="hs-choices"></div>
<div class="hs-main">
<div class="hs-view">
<div class="hs-stage">
<div class="folium-map" id="{{ this._parent.get_name() }}"></div>
<div class="hs-corner" hidden></div>
<div class="hs-legend"></div>
<div class="hs-card" hidden></div>
{% if this.credit %}
<p class="hs-credit">{{ this.credit }}</p>
{% endif %}
</div>
<div class="hs-time"></div>
</div>
{% if not this.embedded %}
<div class="hs-table"></div>
{% endif %}
</div>
{% if not this.embedded %}
<footer class="hs-about">
<dl>
{% for name, text in this.about %}
<div><dt>{{ name }}</dt><dd>{{ text }}</dd></div>
{% endfor %}
</dl>
</footer>
{% endif %}
</{{ this.tag }}>
<script type="application/json" id="hs-data" nonce="{{ this.nonce }}">{{ this.data | safe }}</script>
{% endmacro %}
{% macro script(this, kwargs) %}
HotspotsMap.start(
  document.getElementById("hs"),
  document.getElementById("{{ this._parent.get_name() }}"),
  JSON.parse(document.getElementById("hs-data").textContent)
);
{% endmacro %}"""  # noqa: E501
    )

    def __init__(
        self,
        data: str,
        *,
        heading: str,
        detail: str,
        about: list[tuple[str, str]],
        credit: str,
        nonce: str,
        assets: str,
        embedded: bool,
        asset_url: str,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "TimeChoropleth"
        self._id = "time"
        self.data = data
        self.heading = heading
        self.detail = detail
        self.about = about
        self.credit = credit
        self.nonce = escape(nonce)
        self.assets = assets
        self.embedded = embedded
        # The page around a frame has the one main part; a file is its own.
        self.tag = "div" if embedded else "main"
        self.asset_url = escape(asset_url)

    def render(self, **kwargs: Any) -> str:
        """Put this element's parts, scripts and styles into the figure; return nothing more."""
        figure: Any = self.get_root()
        for name in STYLES:
            figure.header.add_child(Literal(self._style(name)), name=name)
        for name in SCRIPTS:
            figure.after.add_child(Literal(self._script(name)), name=name)
        parts: Any = self._template.module
        figure.html.add_child(Literal(parts.html(self, kwargs)), name=self.get_name())
        figure.script.add_child(Literal(parts.script(self, kwargs)), name=self.get_name())
        return ""

    def _style(self, name: str) -> str:
        if self.assets == INLINE:
            return f'<style nonce="{self.nonce}">\n{asset_text(name)}\n</style>'
        return f'<link rel="stylesheet" href="{self._address(name)}">'

    def _script(self, name: str) -> str:
        if self.assets == INLINE:
            return f'<script nonce="{self.nonce}">\n{asset_text(name)}\n</script>'
        return f'<script nonce="{self.nonce}" src="{self._address(name)}"></script>'

    def _address(self, name: str) -> str:
        return f"{self.asset_url}{name}?v={asset_version(name)}"
