"""A task's parameters as a form, and a sent form back as parameters."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ..app import Field, task_fields
from ..app.inputs import CORRECTIONS
from ..app.preview import uploads
from ..errors import BadParameter, MorphoscopeError
from .guard import TooLarge
from .studio import Asked, Studio

Sent = FormData | QueryParams
CHUNK_BYTES = 2**20
RUNS_OFFERED = 25


@contextlib.asynccontextmanager
async def sent_form(request: Request) -> AsyncIterator[FormData]:
    """The form that came with ``request``; its temporary files go when the block ends."""
    multipart = request.headers.get("content-type", "").startswith("multipart/form-data")
    try:
        form = await (MultiPartParser(request.headers, request.stream()).parse() if multipart else request.form())
    except TooLarge:
        raise
    except (MultiPartException, HTTPException, KeyError) as error:
        raise BadParameter("the sent form cannot be read; send multipart/form-data") from error
    try:
        yield form
    finally:
        await form.close()


def describe(field: Field) -> dict[str, Any]:
    """What a form needs to know about ``field``, as plain values."""
    p = field.param
    return {
        "name": field.name,
        "kind": field.kind,
        "help": p.help,
        "unit": p.unit,
        "limits": field.limits,
        "low": p.low,
        "high": p.high,
        "choices": list(p.choices),
        "words": list(p.words),
        "accepts": p.accepts if field.kind == "input" else "",
        "many": field.many,
        "optional": field.optional,
        "required": field.required,
        "default": "" if field.required else text_of(field.default),
    }


def text_of(value: Any) -> str:
    """A value as it stands in an input element."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return ", ".join(text_of(item) for item in value)
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def given_from(task: str, form: Sent) -> dict[str, Any]:
    """Raw parameters out of a query or a sent form; what is left blank is left to the default."""
    raw: dict[str, Any] = {}
    for field in task_fields(task).values():
        values = [v for v in _all(form, field.name) if isinstance(v, str) and v.strip()]
        if not values:
            continue
        if field.kind == "bool" and not field.many:
            raw[field.name] = values[-1]  # the box comes after its hidden "false"
        elif field.many:
            raw[field.name] = values if field.kind in ("input", "str") else _listed(values)
        else:
            raw[field.name] = values[0].strip()
    return raw


def _all(form: Sent, name: str) -> list[Any]:
    return list(form.getlist(name))


def _listed(values: list[str]) -> list[str]:
    return [word for value in values for word in re.split(r"[,;\s]+", value) if word]


def keep_files(studio: Studio, task: str, form: FormData) -> dict[str, Any]:
    """Store the files sent with a form; each field that got some, with the references."""
    kept: dict[str, Any] = {}
    for field in task_fields(task).values():
        sent = [part for part in form.getlist(f"{field.name}.file") if isinstance(part, UploadFile) and part.filename]
        if field.kind == "input" and sent:
            kept[field.name] = shaped(field, keep(studio, sent))
    return kept


def keep(studio: Studio, sent: list[UploadFile]) -> list[str]:
    """Store uploads together; a reference to each."""
    if sum(part.size or 0 for part in sent) > studio.upload_limit_bytes:
        raise TooLarge
    files = [(part.filename or "file", _chunks(part)) for part in sent]
    return studio.workspace.inputs.add(files, limit_bytes=studio.upload_limit_bytes)


def shaped(field: Field, references: list[str]) -> Any:
    """References as the field takes them: a list, a folder of all of them, or the first."""
    if field.many:
        return references
    whole = field.param.accepts == "folder" or (field.param.accepts == "any" and len(references) > 1)
    return references[0].rpartition("/")[0] if whole else references[0]


def _chunks(part: UploadFile) -> Iterator[bytes]:
    while chunk := part.file.read(CHUNK_BYTES):
        yield chunk


def problems(studio: Studio, task: str, raw: Mapping[str, Any]) -> dict[str, str]:
    """The sentence for each field that cannot stand as it is."""
    found: dict[str, str] = {}
    for field in task_fields(task).values():
        try:
            if field.name in raw:
                field.convert(raw[field.name], lambda value, f: studio.workspace.inputs.resolve(value, f, web=True))
            elif field.required:
                found[field.name] = f"{task} needs {field.name}: {field.param.help}"
        except MorphoscopeError as error:
            found[field.name] = str(error)
    return found


def asked_from(task: str, form: Sent, raw: Mapping[str, Any]) -> Asked:
    """The question with its seed and device."""
    seed = str(form.get("seed") or "0").strip()
    if not seed.isdecimal():
        raise BadParameter(f"seed: {seed!r} is not a whole number from 0 to 2^63 - 1")
    device = str(form.get("device") or "auto")
    if device not in ("auto", "cpu", "cuda"):
        raise BadParameter(f"device: {device!r} is not one of auto, cpu, cuda")
    return Asked(task, raw, int(seed), device)


def offered(studio: Studio) -> list[dict[str, Any]]:
    """Files that an input may be chosen from: recent uploads, and files of finished runs."""
    groups = []
    own = [{"reference": model.reference, "name": f"model {model.name}"} for model in studio.workspace.models.all()]
    if studio.workspace.inputs.named(CORRECTIONS):
        own.append({"reference": CORRECTIONS, "name": "corrected labels"})
    if own:
        groups.append({"label": "This workspace", "files": own})
    recent = [{"reference": u["reference"], "name": u["name"]} for u in uploads(studio.workspace)]
    if recent:
        groups.append({"label": "Uploads", "files": recent})
    done = [info for info in studio.workspace.shelf.all() if info.state == "done"][:RUNS_OFFERED]
    for info in done:
        files = studio.workspace.shelf.report(info.id).files
        named = [{"reference": f"run:{info.id}/{inner}", "name": inner} for inner in files.values()]
        if named:
            groups.append({"label": f"{info.title or info.task} ({info.id})", "files": named})
    return groups
