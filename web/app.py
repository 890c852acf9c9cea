"""The application factory."""

from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from hotspots.settings import Workspace
from web import (
    batch_pages,
    changes,
    compression,
    data_page,
    errors,
    export_files,
    import_page,
    job_pages,
    layer_changes,
    layer_map,
    layers_page,
    links_page,
    map_frame,
    method_page,
    navigation,
    place_map,
    report_page,
    security,
    situation_page,
    template_env,
    uploads,
    waiting_page,
)
from web.answers import Answers
from web.import_staging import Staging
from web.jobs import Jobs
from web.language import LanguageMiddleware
from web.layer_facts import version_number

MAX_REQUEST_BYTES = 64 * 1024
STATIC_MAX_AGE_S = 31_536_000  # static addresses carry the version of their content
# Pages that are about the areas on a map; without layers there is nothing for them to show.
NEED_LAYERS = frozenset({"situation.show", "map.show"})
# Pages that show single incidents, or what a file said of them.
SINGLE_INCIDENTS = frozenset(
    {"links.show", "batches.show", "batches.export"}
    | {"waiting.show", "waiting.search", "waiting.at"}
)


def create_app(workspace: Workspace, *, testing: bool = False) -> Flask:
    """Return the pages of one workspace as a WSGI application.

    Parameters
    ----------
    workspace
        An existing workspace; it may be empty of incidents.
    testing
        Let a test see faults of the program instead of the error page 500.

    Returns
    -------
    app
        Answers for loopback host names; more names in ``app.config["ALLOWED_HOSTS"]`` (see
        `web.server.serve`). What changes anything is answered at the machine itself only.
    """
    here = Path(__file__).parent
    app = Flask("web", static_folder=None, template_folder=str(here / "templates"))
    app.config.update(
        PROVIDE_AUTOMATIC_OPTIONS=False,
        TESTING=testing,
        ALLOWED_HOSTS=frozenset(),
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        SEND_FILE_MAX_AGE_DEFAULT=STATIC_MAX_AGE_S,
    )
    app.static_folder = str(here / "static")
    app.add_url_rule("/static/<path:filename>", endpoint="static", view_func=app.send_static_file)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.request_class = uploads.UploadRequest
    app.extensions["hotspots"] = answers = Answers(workspace)
    app.extensions["hotspots_staging"] = Staging(workspace.path)
    app.extensions["hotspots_jobs"] = Jobs(
        workspace.path, in_force=lambda: version_number(answers.workspace)
    )
    compression.init_compression(app)
    security.init_security(app)
    errors.init_errors(app)
    template_env.init_templates(app)

    @app.before_request
    def check_host() -> Response | None:
        if security.is_served_host(request, app.config["ALLOWED_HOSTS"]):
            return None
        return errors.wrong_host()

    @app.before_request
    def check_change() -> Response | None:
        reason = changes.why_refused(request)
        return None if reason is None else errors.refused(reason)

    @app.before_request
    def check_layers() -> Response | None:
        if request.endpoint in NEED_LAYERS and not answers.has_layers:
            return errors.no_layers()
        return None

    @app.before_request
    def check_single() -> Response | None:
        if request.endpoint not in SINGLE_INCIDENTS or changes.is_local(request):
            return None
        return errors.not_given_out()

    uploads.init_uploads(app)  # before the token is looked for in the body
    changes.init_forms(app, workspace.path)
    modules: tuple[Any, ...] = (situation_page, map_frame, export_files, data_page, method_page)
    modules += (layers_page, layer_map, layer_changes, job_pages)
    modules += (import_page, batch_pages, waiting_page, links_page, report_page, place_map)
    for module in modules:
        app.register_blueprint(module.bp)

    @app.context_processor
    def bar() -> dict[str, Any]:
        def entries(job_about: str = "") -> list[navigation.Entry]:
            return navigation.list_entries(
                app.view_functions, endpoint=request.endpoint, job_about=job_about
            )

        return {"navigation": entries}

    app.wsgi_app = LanguageMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, lambda: answers.workspace.settings.language
    )
    return app
