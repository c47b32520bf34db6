"""Which store this is, and whether somebody acts on its wishes."""

from __future__ import annotations

import jupyter_training
from jupyter_training.dispatch import ensure
from jupyter_training.schema import DispatcherView, InfoView
from jupyter_training.services.site import Site
from jupyter_training.store import views

__all__ = ["info"]


def info(site: Site, user: str) -> InfoView:
    """The store's identity and state. Carries no path and no secret."""
    down = ensure.why_down(site.settings)
    alive = ensure.is_alive(site.settings)
    sentence = down or ("The dispatcher is alive." if alive else "The dispatcher has left; the next wish starts it.")
    return InfoView(
        store=site.store.store_id,
        version=jupyter_training.__version__,
        user=user,
        head=views.head(site.store),
        dispatcher=DispatcherView(alive=alive, sentence=sentence),
        tracking="embedded" if site.settings.tracking_uri is None else "external",
    )
