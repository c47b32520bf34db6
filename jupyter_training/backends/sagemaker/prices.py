"""What a machine costs for an hour, as far as anybody has said, and what a job will cost.

    a table of the person's own       [sagemaker] prices = "prices.csv", beside settings.toml
    what AWS's price list answered    kept with its date, and asked anew after a month
    else                              the price is unknown, and no number is shown

No table comes along with us: it would be wrong soon, and nobody would know.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_training.backends.sagemaker import account, clients, kept
from jupyter_training.errors import InvalidSpec, TrainingError
from jupyter_training.seams.backend_wishes import Price

__all__ = ["cost", "estimate", "price", "savings", "told"]

_FRESH = 30 * 86400.0
_FILE = "prices.json"
_SAY = 'Say it in a table of your own: [sagemaker] prices = "prices.csv" in the settings.'


def price(
    instance: str,
    region: str,
    *,
    now: float,
    table: Path | None,
    folder: Path,
    profile: str | None = None,
    ask: bool = False,
) -> Price | None:
    """What one machine costs for an hour. ``ask``: AWS may be asked where nobody has said it lately.

    Raises:
        InvalidSpec: the person's own table can't be read.
    """
    if table is not None:
        own = _own(table, instance, region)
        if own is not None:
            return own
    key = f"{region}|{instance}"
    known, when = _known(kept.read(folder / _FILE).get(key))
    if ask and (known is None or now - when > _FRESH):
        fresh = _asked(instance, region, profile, now)
        if fresh is not None:
            kept.put(folder / _FILE, key, {**asdict(fresh), "asked": now})
            return fresh
    return known


def cost(found: Price, *, instances: int, seconds: float) -> float:
    """What so many machines cost for so long."""
    return found.amount * instances * seconds / 3600


def savings(training_seconds: float, billable_seconds: float) -> float | None:
    """Which part of the price spare capacity has saved; None: nothing has been billed yet."""
    if training_seconds <= 0 or billable_seconds <= 0:
        return None
    return max(0.0, 1 - billable_seconds / training_seconds)


def told(found: Price) -> str:
    """ "1.41 USD an hour (AWS price list, 2026-08-01)"."""
    return f"{_amount(found.amount, found.currency)} an hour ({found.source})"


def estimate(
    found: Price | None,
    *,
    instance: str,
    instances: int = 1,
    jobs: int = 1,
    seconds: float | None = None,
    at_most: float,
    spot: bool = False,
) -> str:
    """What jobs will cost, in a sentence. ``seconds``: how long one is expected to run; ``at_most``: its limit."""
    if found is None:
        return f"Price unknown: nobody has said what {instance} costs in this region. {_SAY}"
    machines = f"{instances} x {instance}" if instances > 1 else instance
    each = f"{machines} at {told(found)}"
    many = f" for {jobs} jobs" if jobs > 1 else ""
    most = _amount(jobs * cost(found, instances=instances, seconds=at_most), found.currency)
    less = " Spare capacity usually costs less than that." if spot else ""
    if seconds is None:
        limit = f"At most {most}{many}: {each}, until the time limit of {_span(at_most)}{_each(jobs)}."
        return f"{limit}{less}"
    about = _amount(jobs * cost(found, instances=instances, seconds=seconds), found.currency)
    return f"About {about}{many}: {each}, for {_span(seconds)}{_each(jobs)}; at most {most}.{less}"


def _day(instant: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(instant))


def _each(jobs: int) -> str:
    return " each" if jobs > 1 else ""


def _amount(value: float, currency: str) -> str:
    return f"{value:,.2f} {currency}" if value >= 0.1 or value == 0 else f"{value:.3g} {currency}"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.3g} h"


def _known(row: Any) -> tuple[Price | None, float]:
    """What was answered before, and when."""
    try:
        return Price(float(row["amount"]), str(row["currency"]), str(row["source"])), float(row["asked"])
    except (KeyError, TypeError, ValueError):
        return None, 0.0


def _own(table: Path, instance: str, region: str) -> Price | None:
    """The person's own price: of this region, else of all."""
    try:
        text = table.read_text("utf-8")
        changed = _day(table.stat().st_mtime)
    except OSError as error:
        raise InvalidSpec(f"The price table {table} can't be read: {error.strerror}.") from None
    except ValueError:
        raise InvalidSpec(f"The price table {table} is no text.") from None
    try:
        found = _of_json(text, instance, region) if text.lstrip()[:1] == "{" else _of_csv(text, instance, region)
    except (ValueError, TypeError, KeyError, AttributeError, csv.Error) as error:
        raise InvalidSpec(
            f"The price table {table} can't be read: {error}.",
            hint='Write {"ml.g5.xlarge": 1.41} or a table with the columns instance, price, region, currency.',
        ) from None
    if found is None:
        return None
    amount, currency = found
    if not 0 <= amount < float("inf"):
        raise InvalidSpec(f"The price table {table}: {amount} is no price of {instance}.")
    return Price(amount, currency, f"{table.name}, {changed}")


def _of_json(text: str, instance: str, region: str) -> tuple[float, str] | None:
    """{"ml.g5.xlarge": 1.41}, or by region {"us-east-1": {"ml.g5.xlarge": 1.41}}; with "currency" beside them."""
    table = json.loads(text)
    currency = str(table.get("currency", "USD"))
    for rows in (table.get(region), table):
        if isinstance(rows, Mapping) and instance in rows:
            return float(rows[instance]), currency
    return None


def _of_csv(text: str, instance: str, region: str) -> tuple[float, str] | None:
    """Columns instance and price, and where they are wanted region and currency."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if rows and not {"instance", "price"} <= rows[0].keys():
        raise ValueError("it has no columns instance and price")
    for where in (region, ""):
        for row in rows:
            if row["instance"].strip() == instance and (row.get("region") or "").strip() == where:
                return float(row["price"]), (row.get("currency") or "USD").strip()
    return None


def _asked(instance: str, region: str, profile: str | None, now: float) -> Price | None:
    """What AWS's price list says; None where it has no such thing, or may not or can't be asked."""
    wanted = {"instanceName": instance, "regionCode": region}
    try:
        with account.asking("pricing:GetProducts", region=region, profile=profile):
            answer = clients.of(region, profile, retries=False).pricing.get_products(
                ServiceCode="AmazonSageMaker",
                Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()],
            )
    except TrainingError:
        return None
    for text in answer.get("PriceList", ()):
        product: dict[str, Any] = json.loads(text)
        attributes = product.get("product", {}).get("attributes", {})
        if "Train" in attributes.get("component", "") or "Train" in attributes.get("usagetype", ""):
            found = _on_demand(product)
            if found is not None:
                amount, currency = found
                return Price(amount, currency, f"AWS price list, {_day(now)}")
    return None


def _on_demand(product: Mapping[str, Any]) -> tuple[float, str] | None:
    for term in product.get("terms", {}).get("OnDemand", {}).values():
        for dimension in term.get("priceDimensions", {}).values():
            for currency, amount in dimension.get("pricePerUnit", {}).items():
                if dimension.get("unit", "Hrs").lower().startswith("h") and float(amount) > 0:
                    return float(amount), str(currency)
    return None
