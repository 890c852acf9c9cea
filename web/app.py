"""The application factory."""

from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from hotspots.accounts import ROLES, Accounts, role_label
from hotspots.settings import Workspace
from web import (
    access,
    account_page,
    admin_page,
    audit_page,
    auth,
    backups_page,
    batch_pages,
    changes,
    compression,
    data_page,
    errors,
    export_files,
    health,
    import_page,
    job_pages,
    layer_changes,
    layer_map,
    layers_page,
    links_page,
    map_frame,
    mentor_page,
    method_page,
    my_reports_page,
    navigation,
    offences_page,
    overview_page,
    person_page,
    place_map,
    rates,
    report_page,
    retention_page,
    security,
    settings_page,
    sign_in_page,
    situation_page,
    source_record_page,
    template_env,
    uploads,
    users_page,
    waiting_page,
)
from web.answers import Answers
from web.import_staging import Staging
from web.job_work import Runner
from web.jobs import Jobs
from web.language import LanguageMiddleware
from web.layer_facts import version_number

MAX_REQUEST_BYTES = 64 * 1024
STATIC_MAX_AGE_S = 31_536_000  # static addresses carry the version of their content
# Pages that are about the areas on a map; without layers there is nothing for them to show.
NEED_LAYERS = frozenset({"situation.show", "map.show"})


def create_app(
    workspace: Workspace,
    *,
    testing: bool = False,
    open_access: bool = False,
    runner: Runner | None = None,
) -> Flask:
    """Return the pages of one workspace as a WSGI application.

    Parameters
    ----------
    workspace
        An existing workspace; it may be empty of incidents.
    testing
        Let a test see faults of the program instead of the error page 500.
    open_access
        Ask for no accounts: whoever sits at this machine may do everything and see it as any role,
        and nobody else gets anything. For the demonstration with made-up incidents.
    runner
        Runs imports and other work that takes long; in a thread of this process unless given.

    Returns
    -------
    app
        Answers for loopback host names; more names in ``app.config["ALLOWED_HOSTS"]`` (see
        `web.server.serve`). Who may see and do what stands in `web.access`.
    """
    here = Path(__file__).parent
    app = Flask("web", static_folder=None, template_folder=str(here / "templates"))
    app.config.update(
        PROVIDE_AUTOMATIC_OPTIONS=False,
        TESTING=testing,
        ALLOWED_HOSTS=frozenset(),
        OPEN_ACCESS=open_access,
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
        workspace.path, in_force=lambda: version_number(answers.workspace), runner=runner
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
    def check_access() -> Response | None:
        status = auth.why_kept_out()
        return errors.kept_out(status) if status else None

    @app.before_request
    def check_change() -> Response | None:
        reason = changes.why_refused(request)
        return None if reason is None else errors.refused(reason)

    @app.before_request
    def check_layers() -> Response | None:
        if request.endpoint in NEED_LAYERS and not answers.has_layers:
            return errors.no_layers()
        return None

    uploads.init_uploads(app)  # before the token is looked for in the body
    changes.init_forms(app, workspace.path)
    app.extensions["hotspots_accounts"] = Accounts.open(
        workspace, secret=app.config["SECRET_KEY"], settings=lambda: answers.workspace.settings
    )
    auth.init_auth(app)
    modules: tuple[Any, ...] = (
        situation_page,
        map_frame,
        export_files,
        data_page,
        source_record_page,
        health,
        method_page,
    )
    modules += (layers_page, layer_map, layer_changes, job_pages)
    modules += (import_page, batch_pages, waiting_page, links_page, report_page, place_map)
    modules += (sign_in_page, account_page, users_page, overview_page)
    modules += (audit_page,)
    modules += (my_reports_page, mentor_page, admin_page)
    modules += (offences_page, settings_page, backups_page, person_page, retention_page)
    for module in modules:
        app.register_blueprint(module.bp)
    access.check_table(app.view_functions)
    rates.init_rates(app)

    @app.context_processor
    def bar() -> dict[str, Any]:
        def entries(job_about: str = "") -> navigation.Navigation:
            return navigation.list_entries(
                auth.may,
                role=auth.person().role,
                known=app.view_functions,
                endpoint=request.endpoint,
                job_about=job_about,
            )

        return {
            "navigation": entries,
            "person": auth.person(),
            "home": access.HOME.get(auth.person().role, "auth.ask"),
            "is_open": open_access,
            "roles": [(role, role_label(role)) for role in ROLES] if open_access else [],
        }

    app.wsgi_app = LanguageMiddleware(  # type: ignore[method-assign]
        app.wsgi_app, lambda: answers.workspace.settings.language
    )
    return app
