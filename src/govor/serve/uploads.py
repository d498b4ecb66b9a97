"""Uploads as temporary files whose names owe nothing to the client."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

from starlette.datastructures import FormData, UploadFile

from govor.serve.refusals import UPLOAD_PREFIX

COPY_BYTES = 1 << 20


async def keep(form: FormData) -> Path:
    """Copies the form's file to a temporary one; whoever asked removes it."""
    upload = form["file"]
    assert isinstance(upload, UploadFile)
    descriptor, name = tempfile.mkstemp(prefix=UPLOAD_PREFIX)
    try:
        with os.fdopen(descriptor, "wb") as target:
            while block := await upload.read(COPY_BYTES):
                await asyncio.to_thread(target.write, block)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
