"""The API's description: ``openapi.json``, and Swagger UI over it, with nothing fetched from elsewhere.

Swagger UI's files come from the distribution flask-swagger-ui, of which only
the files are used: it is light, follows Swagger UI's releases closely, and what
it needs (Flask) is here with MLflow anyway.
"""

from __future__ import annotations

import functools
import importlib.util
from html import escape
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from jupyter_training.errors import NotFound
from jupyter_training.server.api import API, RESOURCE
from jupyter_training.server.desk import Desk
from jupyter_training.server.problems import ProblemMixin, Refusal

__all__ = ["AssetHandler", "DocsHandler", "OpenApiHandler"]

_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
}
# The bundle styles itself inline and draws data: images; everything else stays on this server.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>jupyter-training API</title>
<link rel="stylesheet" href="{docs}/swagger-ui.css">
<link rel="icon" type="image/png" href="{docs}/favicon-32x32.png">
</head>
<body>
<main id="swagger-ui" data-document="{document}"><p>The description of the API is at
<a href="{document}">openapi.json</a>; this page draws it where scripts may run.</p></main>
<script src="{docs}/swagger-ui-bundle.js"></script>
<script src="{docs}/start.js"></script>
</body>
</html>
"""
# Swagger UI would ask a public service to validate the document; and Jupyter wants its cookie sent back.
_START = """"use strict";
const place = document.getElementById("swagger-ui");
window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  validatorUrl: null,
  requestInterceptor: request => {
    const cookie = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
    if (cookie) request.headers["X-XSRFToken"] = decodeURIComponent(cookie[1]);
    return request;
  }
});
"""


class _Described(ProblemMixin):
    auth_resource = RESOURCE

    def initialize(self, desk: Desk) -> None:
        self.desk = desk

    def get_login_url(self) -> str:
        """No redirect: these addresses are part of the API, where a missing login is a plain 403."""
        raise web.HTTPError(403)

    async def prepare(self) -> None:  # type: ignore[override] # as Jupyter's own APIHandler
        await super().prepare()
        self.desk.touch()


class OpenApiHandler(_Described, APIHandler):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        await self.finish(await self.desk.call(_document))


class DocsHandler(_Described):
    @web.authenticated
    @authorized
    async def get(self) -> None:
        if _asset_path("swagger-ui-bundle.js") is None:
            raise Refusal(NotFound("Swagger UI is not installed here.", hint="Install flask-swagger-ui."))
        root = url_path_join(self.base_url, API)
        self.xsrf_token  # noqa: B018 - asking for it sets the cookie that trying out a POST needs
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        await self.finish(_PAGE.format(docs=escape(f"{root}docs"), document=escape(f"{root}openapi.json")))


class AssetHandler(_Described):
    @web.authenticated
    @authorized
    async def get(self, name: str) -> None:
        if name == "start.js":
            content = _START.encode()
        else:
            path = _asset_path(name) if name in _ASSETS else None
            if path is None:
                raise Refusal(NotFound("Nothing is served at this address."))
            content = await self.desk.call(path.read_bytes)
        self.set_header("Content-Type", _ASSETS[name])
        self.set_header("Cache-Control", "private, max-age=3600")
        await self.finish(content)


@functools.cache
def _document() -> str:
    from jupyter_training.server import openapi

    return openapi.text()


def _asset_path(name: str) -> Path | None:
    """A file of Swagger UI, found without importing the package around it (and Flask with that)."""
    spec = importlib.util.find_spec("flask_swagger_ui")
    for root in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(root) / "dist" / name
        if path.is_file():
            return path
    return None
