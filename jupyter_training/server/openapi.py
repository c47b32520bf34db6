"""The OpenAPI 3.1 document, made from the table of operations.

``python -m jupyter_training.server.openapi`` prints it, sorted, so that it
changes only when the wire does. Requests are described as they are validated,
answers as they are written, where every key is there.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from jupyter_training.schema import ChangeMessage, ProblemDocument, SubmitResult
from jupyter_training.services.api import OPERATIONS, Operation

__all__ = ["document", "text"]

_REFERENCE = "#/components/schemas/{model}"
_PATH_VALUES = {
    "job": {"description": "the job's id", "schema": {"type": "string", "pattern": "^[a-z2-7]{10}$"}},
    "artifact": {"description": "an id from the job's list of artifacts", "schema": {"type": "string", "minLength": 1}},
    "experiment": {
        "description": "the id of the search, which is that of the job that drives it",
        "schema": {"type": "string", "pattern": "^[a-z2-7]{10}$"},
    },
    "pool": {"description": "the pool's name", "schema": {"type": "string", "minLength": 1}},
    "updater": {"description": "the name of an updater", "schema": {"type": "string", "minLength": 1}},
    "sha256": {"description": "of the content, in hex", "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
}
_ABOUT = """Durable training jobs: submit, watch, stop, and what came out.

Every request needs the Jupyter server's token, or its login and `_xsrf` cookies. Errors are problem
documents (RFC 9457) with `code`, `detail`, `hint` and `errors`.

Beside these addresses there is the WebSocket `changes?after=n`, which sends `ChangeMessage`: a snapshot,
then what changed after n.
"""


class _Schemas(GenerateJsonSchema):
    """An answer has every key, also those with a default."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization":
            return True
        return super().field_is_required(field, total)


def document() -> dict[str, Any]:
    """The whole document. Server addresses in it are relative to where it is served."""
    names, schemas = _schemas()
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"/{operation.path}", {})[operation.method.lower()] = _operation(operation, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "jupyter-training", "version": "1", "description": _ABOUT},
        "servers": [{"url": "."}],
        "security": [{"token": []}, {"login": [], "xsrf": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {
                "Problem": {
                    "description": "What is wrong, and what to do about it.",
                    "content": {"application/problem+json": {"schema": _reference(names, ProblemDocument)}},
                }
            },
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token <the server's token>`",
                },
                "login": {"type": "apiKey", "in": "cookie", "name": "username-localhost"},
                "xsrf": {"type": "apiKey", "in": "header", "name": "X-XSRFToken"},
            },
        },
    }


def text() -> str:
    """The document as JSON, with sorted keys."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


def _schemas() -> tuple[dict[type[BaseModel], str], dict[str, Any]]:
    """The name of each model, and all schemas by name."""
    wanted: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        (ChangeMessage, "serialization"),
        (ProblemDocument, "serialization"),
    ]
    for operation in OPERATIONS:
        if operation.request is not None:
            wanted.append((operation.request, "validation"))
        if operation.response is not None:
            wanted.append((operation.response, "serialization"))
    references, definitions = models_json_schema(
        list(dict.fromkeys(wanted)), ref_template=_REFERENCE, schema_generator=_Schemas
    )
    names = {model: references[model, mode]["$ref"].rpartition("/")[2] for model, mode in wanted}
    return names, definitions["$defs"]


def _operation(operation: Operation, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    parameters = [
        {"name": name, "in": "path", "required": True, **_PATH_VALUES[name]}
        for name in re.findall(r"\{(\w+)\}", operation.path)
    ]
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*parameters, *_query(operation.query)],
        "responses": _responses(operation, names),
    }
    if operation.uploads:
        content: dict[str, Any] = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
        described["requestBody"] = {"required": True, "content": content}
    elif operation.request is not None:
        content = {"application/json": {"schema": _reference(names, operation.request)}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _responses(operation: Operation, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    problem = {"$ref": "#/components/responses/Problem"}
    if operation.response is None:
        file = {"schema": {"type": "string", "format": "binary"}}
        return {"200": {"description": "The file's content.", "content": {"*/*": file}}, "default": problem}
    content = {"application/json": {"schema": _reference(names, operation.response)}}
    answers: dict[str, Any] = {"200": {"description": "Done.", "content": content}, "default": problem}
    if operation.uploads:
        answers["201"] = {"description": "Kept.", "content": content}
    if operation.response is SubmitResult:
        place = {"Location": {"description": "the job's address", "schema": {"type": "string"}}}
        answers["200"] = {"description": "It was there already.", "content": content, "headers": place}
        answers["201"] = {"description": "Stored.", "content": content, "headers": place}
    return answers


def _query(model: type[BaseModel] | None) -> list[dict[str, Any]]:
    """One parameter per field. None can't be written in an address, so it is left out of the alternatives."""
    if model is None:
        return []
    schema = model.model_json_schema(mode="validation", ref_template="{model}")
    inline = schema.get("$defs", {})
    parameters = []
    for name, field in schema["properties"].items():
        shape = _inlined(field, inline)
        about = shape.pop("description", None)
        parameter = {"name": name, "in": "query", "required": name in schema.get("required", ()), "schema": shape}
        parameters.append(parameter | ({"description": about} if about else {}))
    return parameters


def _inlined(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _inlined(definitions[schema["$ref"]], definitions)
    found = {key: value for key, value in schema.items() if key != "title" and not (key == "default" and value is None)}
    if "anyOf" in found:
        choices = [choice for choice in found.pop("anyOf") if choice.get("type") != "null"]
        found |= choices[0] if len(choices) == 1 else {"anyOf": choices}
    if "items" in found:
        found["items"] = _inlined(found["items"], definitions)
    return found


def _reference(names: dict[type[BaseModel], str], model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=names[model])}


if __name__ == "__main__":
    sys.stdout.write(text())
