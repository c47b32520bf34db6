"""A server extension for measuring alone: a WebSocket that says what it hears, beside the product's own."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from jupyter_server.utils import url_path_join
from tornado.websocket import WebSocketHandler

__all__ = ["Echo"]


class Echo(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """Jupyter's mixin stands first: its origin check is the one for sockets."""

    @ws_authenticated
    async def get(self, *args: Any, **kwargs: Any) -> None:
        await super().get(*args, **kwargs)

    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "tests.ui.echo"}]


def _load_jupyter_server_extension(app: Any) -> None:
    app.web_app.add_handlers(".*$", [(url_path_join(app.web_app.settings["base_url"], "echo-for-measuring"), Echo)])
