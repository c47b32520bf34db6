"""What an error of a call means for what we wanted, as one of a few kinds, and as a sentence. Pure but for botocore."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["Answer", "Kind", "Refusal", "read"]


class Kind(StrEnum):
    CREDENTIALS = "credentials"  # there are none, or none that count: goes on when there are
    THROTTLED = "throttled"  # nothing was done: ask again, later
    UNREACHED = "unreached"  # nothing was done: the service did not hear of it
    UNSURE = "unsure"  # it may have been done
    QUOTA = "quota"  # nothing was done: the account has no more
    EXISTS = "exists"  # something of that name is there, or changes just now
    MISSING = "missing"  # there is nothing of that name
    DENIED = "denied"  # the caller may not
    REFUSED = "refused"  # it will never be done as it is


@dataclass(frozen=True)
class Refusal:
    """What the service said of a quota. The numbers are instances; ``used`` counts everybody's of the account."""

    quota: str
    limit: int
    used: int
    asked: int


@dataclass(frozen=True)
class Answer:
    """``sentence`` says what happened; ``refusal`` is there where it was for a quota, and could be read."""

    kind: Kind
    sentence: str
    code: str = ""
    refusal: Refusal | None = None


_CREDENTIALS = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
        *("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "InvalidToken"),
        *("SignatureDoesNotMatch", "InvalidSignatureException", "AuthFailure", "MissingAuthenticationToken"),
        *("MissingAuthenticationTokenException", "IncompleteSignature", "RequestTimeTooSkewed"),
    }
)
_OF_CREDENTIALS = frozenset(
    {
        *("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError", "TokenRetrievalError"),
        *("UnauthorizedSSOTokenError", "SSOTokenLoadError", "SSOError", "MetadataRetrievalError", "ProfileNotFound"),
        *("NoAuthTokenError", "RefreshWithMFAUnsupportedError", "LoginError", "LoginRefreshRequired"),
        *("LoginTokenLoadError", "LoginInsufficientPermissions", "LoginAuthorizationCodeError"),
        *("ConfigNotFound", "ConfigParseError", "NoRegionError"),
    }
)
_THROTTLED = frozenset(
    {
        *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
        *("TooManyRequestsException", "RequestLimitExceeded", "SlowDown", "BandwidthLimitExceeded"),
        "PriorRequestNotComplete",
    }
)
_UNSURE = frozenset({"InternalFailure", "InternalError", "InternalServerError", "ServiceUnavailable", "RequestTimeout"})
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AllAccessDisabled", "403"})
_EXISTS = frozenset({"ResourceInUse", "ConflictException", "PreconditionFailed", "ConditionalRequestConflict", "412"})
_MISSING = frozenset({"ResourceNotFound", "ResourceNotFoundException", "NoSuchKey", "404"})
_CARRIERS = frozenset({"s3transfer", "boto3"})  # what they raise when they have tried often enough is their own
_NOT_SENT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError"})

_QUOTA = re.compile(
    r"limit '([^']+)' is ([\d.]+) *(?P<unit>\w*)[^,]*, with current utilization of ([\d.]+)"
    r".* request delta of ([\d.]+)",
    re.DOTALL,
)
_NOWHERE = re.compile(r"not available in this region", re.IGNORECASE)  # said under the same code, and no quota helps
_PERMISSION = re.compile(r"not authorized to perform:? ([\w-]+:\w+)(?: on resource:? (\S+))?")


def read(error: Exception, permission: str) -> Answer:
    """What an exception of botocore means. ``permission`` is what the call needs, e.g. ``s3:PutObject``.

    Raises:
        Exception: the one that was given, if it is none of boto3's.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        return _refused(error.response, permission)
    if not isinstance(error, BotoCoreError) and type(error).__module__.partition(".")[0] not in _CARRIERS:
        raise error
    name = type(error).__name__
    words = str(error).strip().rstrip(".")
    if any(one.__name__ in _OF_CREDENTIALS for one in type(error).__mro__):
        return Answer(Kind.CREDENTIALS, f"AWS can't be asked: {_lower(words)}.", name)
    if name in _NOT_SENT:
        return Answer(Kind.UNREACHED, f"AWS can't be reached: {_lower(words)}.", name)
    if name == "ParamValidationError":
        return Answer(Kind.REFUSED, f"the request is not valid: {_lower(' '.join(words.split()))}.", name)
    return Answer(Kind.UNSURE, f"AWS gave no answer: {_lower(words)}.", name)


def _refused(response: Any, permission: str) -> Answer:
    error = response.get("Error", {})
    code, words = str(error.get("Code", "")), str(error.get("Message", "")).strip()
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _CREDENTIALS:
        return Answer(Kind.CREDENTIALS, f"AWS does not take the credentials: {_lower(words) or code}", code)
    if code in _THROTTLED or status == 429:
        return Answer(Kind.THROTTLED, f"AWS asks for fewer calls ({code}).", code)
    if code in _DENIED:
        return Answer(Kind.DENIED, _denied(words, permission), code)
    if code == "ResourceLimitExceeded" and not _NOWHERE.search(words) and _is_of_instances(words):
        return Answer(Kind.QUOTA, words, code, _refusal(words))
    if code in _EXISTS:
        return Answer(Kind.EXISTS, words, code)
    if code in _MISSING or (code == "ValidationException" and "not found" in words.lower()):
        return Answer(Kind.MISSING, words, code)
    if code in _UNSURE or status >= 500:
        return Answer(Kind.UNSURE, f"AWS has a fault of its own ({code or status}).", code)
    return Answer(Kind.REFUSED, f"AWS refused it ({code}): {words}", code)


def _denied(words: str, permission: str) -> str:
    found = _PERMISSION.search(words)
    wanted = found[1] if found else permission
    resource = f" on {found[2].rstrip('.')}" if found and found[2] else ""
    return f"AWS does not allow it: the permission {wanted}{resource} is missing."


def _refusal(words: str) -> Refusal | None:
    found = _QUOTA.search(words)
    if found is None:
        return None
    return Refusal(found[1], *(int(float(found[place].rstrip("."))) for place in (2, 4, 5)))


def _is_of_instances(words: str) -> bool:
    """Whether a quota is one of machines at once, or so written that nobody knows: for others waiting never helps."""
    found = _QUOTA.search(words)
    return found is None or found["unit"].lower() in ("", "instance", "instances")


def _lower(words: str) -> str:
    """The beginning of a sentence as the middle of one."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words
