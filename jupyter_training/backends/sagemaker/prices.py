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
from jupyter_training.seams.backend_wishes import Price, money

__all__ = ["cost", "estimate", "price", "savings", "told", "warm"]

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
    amount = f"{found.amount:,.2f}" if found.amount >= 0.1 or found.amount == 0 else f"{found.amount:.3g}"
    return f"{amount} {found.currency} an hour ({found.source})"


def warm(found: Price, *, instances: int, keep_alive: float | None) -> float:
    """What it costs at most to keep so many machines warm for the next job; 0 where nobody wants that."""
    return cost(found, instances=instances, seconds=keep_alive or 0.0)


def estimate(
    found: Price | None,
    *,
    instance: str,
    instances: int = 1,
    jobs: int | None = 1,
    seconds: float | None = None,
    at_most: float,
    retries: int = 0,
    keep_alive: float | None = None,
    max_cost: float | None = None,
    cost_limit: float | None = None,
    within: float | None = None,
    spot: bool = False,
) -> str:
    """What jobs will cost, in a sentence. ``seconds``: how long one is expected to run; ``at_most``: its limit.

    ``jobs`` None: nobody knows how many trials a search will have, and the sentence is of each. The limit holds for
    each attempt, ``cost_limit`` (of ``max_cost``) for all attempts of a job, ``within`` is what ends a search.
    """
    if found is None:
        return f"Price unknown: nobody has said what {instance} costs in this region. {_SAY}"
    longest = at_most * (1 + retries)
    is_capped = cost_limit is not None and cost_limit <= longest
    most = (jobs or 1) * cost(found, instances=instances, seconds=min(longest, cost_limit or longest))
    many = " for each trial" if jobs is None else f" for {jobs} jobs" if jobs > 1 else ""
    tries = f" with {retries} retr{'y' if retries == 1 else 'ies'}{_each(jobs)}" if retries and not is_capped else ""
    ends_search = within is not None and (jobs is None or most > within)
    if within is not None and ends_search:
        most, many, tries = within, ", which ends the search", ""
    elif is_capped:
        many += ", for max_cost"
    kept = (jobs or 1) * (1 + retries) * warm(found, instances=instances, keep_alive=keep_alive)
    also = f" + {_up_to('up to', kept, found.currency)} while kept warm" if kept else ""
    machines = f"{instances} x {instance}" if instances > 1 else instance
    each = f"{machines} at {told(found)}"
    limit = _up_to("at most", most, found.currency)
    if seconds is None or seconds >= at_most or ends_search:
        attempt = " for each attempt" if retries and not is_capped else _each(jobs)
        words = f"{limit}{many}{tries}{also}: {each}, until the time limit of {_span(at_most)}{attempt}."
    else:
        about = _up_to("about", (jobs or 1) * cost(found, instances=instances, seconds=seconds), found.currency)
        words = f"{about}{many}: {each}, for {_span(seconds)}{_each(jobs)}; {limit}{tries}{also}."
    sentences = [words[0].upper() + words[1:]]
    if spot:
        sentences.append("Spare capacity usually costs less than that.")
    if max_cost is not None and jobs != 1:
        ends = f"; --stop max_cost={max_cost:g} ends the search" if within is None else ""
        sentences.append(f"--max-cost {max_cost:g} {found.currency} is for each trial{ends}.")
    return " ".join(sentences)


def _day(instant: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(instant))


def _each(jobs: int | None) -> str:
    return " each" if jobs is None or jobs > 1 else ""


def _up_to(words: str, value: float, currency: str) -> str:
    said = money(value, currency)
    return said if said.startswith("less") else f"{words} {said}"


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
