"""What a doctor and a price ask for beside the jobs: quotas, prices, and whether a role may do a thing."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from moto.iam.responses import IamResponse
from moto.servicequotas.responses import ServiceQuotasResponse

from tests.sagemaker_double.faults import Switches
from tests.sagemaker_double.refusals import quota_of
from tests.sagemaker_double.validation import model

__all__ = ["PRICES", "install", "products"]

# Invented prices in dollars an hour: whoever tests a sum wants numbers that no true table would have.
PRICES = {
    "ml.m5.large": 0.10,
    "ml.m5.xlarge": 0.20,
    "ml.c5.xlarge": 0.30,
    "ml.g4dn.xlarge": 0.70,
    "ml.g5.xlarge": 1.50,
    "ml.g5.12xlarge": 7.00,
    "ml.p3.2xlarge": 4.00,
}


def install(switches: Switches) -> None:
    """Put them on moto's classes."""

    def quotas(region: str) -> list[dict[str, Any]]:
        rows = []
        kinds = model("sagemaker").shape_for("TrainingInstanceType").enum
        for kind in kinds:
            for use in ("", "spot", "warm"):
                limit, name = quota_of(switches.now, kind, use)
                rows.append(_quota(region, name, 0 if kind in switches.now.not_in_region.get(region, []) else limit))
        rows.append(_quota(region, "Longest run time for a training job", 432000))
        return rows

    def listed(theirs: Any) -> Any:
        def answer(self: Any) -> Any:
            request = json.loads(self.body or "{}")
            if request.get("ServiceCode") != "sagemaker":
                return theirs(self) if theirs else json.dumps({"Quotas": []})
            rows, start, most = quotas(self.region), int(request.get("NextToken", 0)), request.get("MaxResults", 100)
            left = {"NextToken": str(start + most)} if len(rows) > start + most else {}
            return json.dumps({"Quotas": rows[start : start + most], **left})

        return answer

    def got(theirs: Any) -> Any:
        def answer(self: Any) -> Any:
            request = json.loads(self.body or "{}")
            if request.get("ServiceCode") != "sagemaker":
                return theirs(self) if theirs else json.dumps({})
            found = next((q for q in quotas(self.region) if q["QuotaCode"] == request.get("QuotaCode")), None)
            if found is None:
                body = {
                    "__type": "NoSuchResourceException",
                    "Message": "The request failed because the specified quota does not exist.",
                }
                return json.dumps(body), {"status": 400}
            return json.dumps({"Quota": found})

        return answer

    def simulate(self: Any) -> str:
        asked = {name: values[0] for name, values in self.querystring.items()}
        actions = [asked[name] for name in asked if name.startswith("ActionNames.member.")]
        where = next((asked[name] for name in asked if name.startswith("ResourceArns.member.")), "*")
        members = "".join(
            f"<member><EvalActionName>{action}</EvalActionName><EvalResourceName>{where}</EvalResourceName>"
            f"<EvalDecision>{'implicitDeny' if action in switches.now.denied else 'allowed'}</EvalDecision></member>"
            for action in actions
        )
        return (
            '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">'
            "<SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated>"
            f"<EvaluationResults>{members}</EvaluationResults></SimulatePrincipalPolicyResult>"
            "<ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></SimulatePrincipalPolicyResponse>"
        )

    theirs = ServiceQuotasResponse
    for name in ("list_service_quotas", "list_aws_default_service_quotas"):
        setattr(theirs, name, listed(getattr(theirs, name, None)))
    for name in ("get_service_quota", "get_aws_default_service_quota"):
        setattr(theirs, name, got(getattr(theirs, name, None)))
    IamResponse.simulate_principal_policy = simulate


def products(body: bytes) -> dict[str, Any]:
    """The answer of the price list's GetProducts."""
    request = json.loads(body or b"{}")
    if request.get("ServiceCode") != "AmazonSageMaker":
        return {"FormatVersion": "aws_v1", "PriceList": []}
    wanted = {f["Field"]: f["Value"] for f in request.get("Filters", [])}
    region = wanted.get("regionCode", "us-east-1")
    found = []
    for kind, price in PRICES.items():
        for component in ("Training", "Hosting"):
            attributes = {
                "servicecode": "AmazonSageMaker",
                "servicename": "Amazon SageMaker",
                "productFamily": "ML Instance",
                "regionCode": region,
                "instanceName": kind,
                "instanceType": f"{kind}-{component}",
                "platoinstancename": kind,
                "component": component,
                "usagetype": f"{region}-{component[:5]}:{kind}",
            }
            if all(attributes.get(field, value) == value for field, value in wanted.items()):
                found.append(json.dumps(_product(attributes, price if component == "Training" else price * 1.2)))
    return {"FormatVersion": "aws_v1", "PriceList": found}


def _product(attributes: dict[str, str], price: float) -> dict[str, Any]:
    sku = hashlib.sha256(attributes["usagetype"].encode()).hexdigest()[:16].upper()
    family = attributes.pop("productFamily")
    dimension = {
        "unit": "Hrs",
        "description": f"${price} per hour",
        "pricePerUnit": {"USD": f"{price:.10f}"},
        "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
        "beginRange": "0",
        "endRange": "Inf",
        "appliesTo": [],
    }
    term = {
        "sku": sku,
        "offerTermCode": "JRTCKXETXF",
        "effectiveDate": "2026-01-01T00:00:00Z",
        "termAttributes": {},
        "priceDimensions": {dimension["rateCode"]: dimension},
    }
    return {
        "product": {"productFamily": family, "attributes": attributes, "sku": sku},
        "serviceCode": "AmazonSageMaker",
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
        "version": "20260101000000",
        "publicationDate": "2026-01-01T00:00:00Z",
    }


def _quota(region: str, name: str, value: float) -> dict[str, Any]:
    code = f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{region}:123456789012:sagemaker/{code}",
        "QuotaCode": code,
        "QuotaName": name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }
