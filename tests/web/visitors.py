"""Who visits the studio in these tests, and what they bring."""

import io
import re
import warnings

import numpy as np
from PIL import Image

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would rather have httpx2; either will do
    from starlette.testclient import TestClient

PORT = 8765
BASE = f"http://127.0.0.1:{PORT}"
TOKEN = "the-token-of-this-test"
OURS = {"origin": BASE}


def png_bytes(size=48):
    """Stripes of two grey levels."""
    rows = np.where((np.arange(size) // 6) % 2, 200, 40).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(np.repeat(rows[:, None], size, axis=1)).save(buffer, "PNG")
    return buffer.getvalue()


def visible(html):
    """Text of a page without elements, white space joined."""
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).replace("&#39;", "'").replace("&amp;", "&").split())


__all__ = ["BASE", "OURS", "PORT", "TOKEN", "TestClient", "png_bytes", "visible"]
