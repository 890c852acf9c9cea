"""The templates' environment: texts, numbers and dates of the library, and links."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, request, url_for

from hotspots import i18n
from web import texts
from web.answers import answers
from web.job_pages import job_state_label
from web.page_words import page_words

PRODUCT = "Ohniska"


@lru_cache(maxsize=64)
def _file_version(path: str, modified: int) -> str:
    return sha256(Path(path).read_bytes()).hexdigest()[:10]


def other_language_query() -> str:
    """Return the query string of this page in the other language."""
    other = "en" if i18n.current_language() == "cs" else "cs"
    pairs = [(k, v) for k, v in request.args.items(multi=True) if k != "lang"]
    return urlencode([*pairs, ("lang", other)], safe=",")


def init_templates(app: Flask) -> None:
    """Give the templates their texts, filters and names."""
    env = app.jinja_env
    env.autoescape = True
    env.trim_blocks = True
    env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.install_gettext_callables(  # type: ignore[attr-defined]
        i18n.gettext, i18n.ngettext, newstyle=False
    )
    env.filters.update(
        number=i18n.format_number,
        fixed=texts.fixed_number,
        share=i18n.format_share,
        day=i18n.format_day,
        month=i18n.format_month,
        span=texts.span_text,
        kind_label=texts.kind_label,
        source_kind=texts.source_kind_label,
        record_state=texts.record_state_label,
        moment=texts.moment_text,
        job_state=job_state_label,
        sentence=texts.sentence,
        full_sentence=texts.full_sentence,
        page_words=page_words,
    )
    static = Path(app.static_folder or "")

    def static_url(name: str) -> str:
        """Return the address of a static file, with its content's version."""
        file = static / name
        version = _file_version(str(file), file.stat().st_mtime_ns)
        return url_for("static", filename=name, v=version)

    @app.context_processor
    def names() -> dict[str, object]:
        lang = request.args.get("lang", "")
        settings = answers().workspace.settings
        return {
            "product": PRODUCT,
            "town": settings.town,
            "sample": settings.sample,
            "language": i18n.current_language(),
            "lang_query": f"?lang={lang}" if lang in i18n.LANGUAGES else "",
            "other_language_query": other_language_query(),
            "static_url": static_url,
        }
