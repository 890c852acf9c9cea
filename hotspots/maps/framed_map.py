"""A map in a frame of a page that the project's own scripts draw from data inside its document."""

import secrets
from collections.abc import Sequence
from html import escape
from typing import Any, ClassVar, Final

from branca.element import MacroElement
from jinja2 import Environment, select_autoescape

from hotspots.maps.assets import asset_version
from hotspots.maps.time_choropleth import Literal

_ENVIRONMENT: Final = Environment(
    autoescape=select_autoescape(default=True, default_for_string=True), trim_blocks=True
)


class FramedMap(MacroElement):
    """Data drawn by a script function; kinds of maps say which, and what stands below the map.

    Parameters
    ----------
    data
        JSON that may stand inside a script element, see `payload.to_json`.
    nonce
        Mark that scripts and styles carry for the content-security policy.
    asset_url
        Address of the directory that serves the map's scripts and styles, ending with a slash.
    """

    style_class: ClassVar[str]
    below: ClassVar[str]
    start: ClassVar[str]  # a function of the script HotspotsMap
    styles: ClassVar[Sequence[str]]
    scripts: ClassVar[Sequence[str]]

    _page = _ENVIRONMENT.from_string(
        """<div class="hs hs-embedded {{ style_class }}" id="hs">
<div class="hs-choices"></div>
<div class="hs-stage">
<div class="folium-map" id="{{ map }}"></div>
<div class="hs-card" hidden></div>
</div>
{{ below | safe }}
</div>
<script type="application/json" id="hs-data" nonce="{{ nonce }}">{{ data | safe }}</script>"""
    )
    _start = _ENVIRONMENT.from_string(
        """HotspotsMap.{{ start }}(
  document.getElementById("hs"),
  document.getElementById("{{ map }}"),
  JSON.parse(document.getElementById("hs-data").textContent)
);"""
    )

    def __init__(self, data: str, *, nonce: str, asset_url: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = type(self).__name__
        self._id = secrets.token_hex(8)
        self.data = data
        self.nonce = nonce
        self.asset_url = asset_url

    def render(self, **_kwargs: Any) -> str:
        """Put this element's parts, scripts and styles into the figure; return nothing more."""
        figure: Any = self.get_root()
        parent: Any = self._parent
        nonce = escape(self.nonce)
        for name in self.styles:
            link = f'<link rel="stylesheet" href="{self._address(name)}">'
            figure.header.add_child(Literal(link), name=name)
        for name in self.scripts:
            script = f'<script nonce="{nonce}" src="{self._address(name)}"></script>'
            figure.after.add_child(Literal(script), name=name)
        values = {
            "style_class": self.style_class,
            "below": self.below,
            "start": self.start,
            "map": parent.get_name(),
            "nonce": self.nonce,
            "data": self.data,
        }
        figure.html.add_child(Literal(self._page.render(values)), name=self.get_name())
        figure.script.add_child(Literal(self._start.render(values)), name=self.get_name())
        return ""

    def _address(self, name: str) -> str:
        return escape(f"{self.asset_url}{name}?v={asset_version(name)}")
