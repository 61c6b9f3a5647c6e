"""
Fetch the public data: one archive of a pinned commit, checked before it is used.

The images may not be passed on with this program, so each user fetches them from the authors. Every image of the
paper's training part is checked by its SHA-256, and the number of images by the paper's count.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from ...errors import InputError, UnreadableFile
from .layout import IMAGES, RECORDS
from .split import open_digests

REPOSITORY = "Zhilong-Liang/Polymer-Miscibility-Image-Recognition"
COMMIT = "9d4510881fd88ab97df689a5c9538aad0a4ccca2"
URL = f"https://codeload.github.com/{REPOSITORY}/zip/{COMMIT}"
COUNT = 517
TIMEOUT_S = 60
LARGEST_BYTES, LARGEST_IMAGE_BYTES = 4 * 2**30, 64 * 2**20

Progress = Callable[[int, int, str], None]


def fetch(folder: Path, *, source: str = URL, progress: Progress = lambda done, total, what: None) -> int:
    """
    Put images and records below ``folder`` and give the number of images; nothing is left if a check fails.

    ``source`` is an address, or a zip file that was fetched by other means.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".part-") as part:
        archive = Path(part) / "archive.zip"
        if "://" in source:
            _download(source, archive, progress)
        else:
            archive = Path(source).expanduser()
        images = _unpack(archive, Path(part) / "NIMS_image", progress)
        _check(images)
        shutil.move(Path(part) / "NIMS_image", folder / "NIMS_image")
    return len(images)


def _download(url: str, archive: Path, progress: Progress) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, open(archive, "wb") as file:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while chunk := answer.read(2**20):
                done += file.write(chunk)
                if done > LARGEST_BYTES:
                    raise InputError(f"{url}: more than {LARGEST_BYTES / 2**30:.0f} GiB; this is not the data set")
                progress(done, max(total, done), f"{done / 2**20:.0f} MiB fetched")
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise InputError(
            f"{url} cannot be fetched ({reason}); fetch the zip on another machine and give it with --source FILE.zip"
        ) from None


def _unpack(archive: Path, folder: Path, progress: Progress) -> dict[str, str]:
    """Images and records of ``archive`` into ``folder``; name to SHA-256 of the images."""
    digests = {}
    try:
        with zipfile.ZipFile(archive) as packed:
            wanted = [member for member in packed.infolist() if not member.is_dir() and _place(member.filename)]
            (folder / IMAGES).mkdir(parents=True)
            for k, member in enumerate(wanted):
                place = _place(member.filename)
                if member.file_size > LARGEST_IMAGE_BYTES:
                    raise UnreadableFile(archive, f"{place} unpacks to {member.file_size / 2**20:.0f} MiB; that is no micrograph")
                data = packed.read(member)
                (folder / place).write_bytes(data)
                if place != RECORDS:
                    digests[PurePosixPath(place).name] = hashlib.sha256(data).hexdigest()
                progress(k, len(wanted), "unpacking")
    except FileNotFoundError:
        raise UnreadableFile(archive, "no such file") from None
    except (zipfile.BadZipFile, OSError) as error:
        raise UnreadableFile(archive, f"is no complete zip archive ({error})") from None
    return digests


def _place(name: str) -> str:
    """Where a member of the archive belongs, or nothing if it is not wanted."""
    parts = PurePosixPath(name).parts
    if parts[-1] == RECORDS:
        return RECORDS
    return f"{IMAGES}/{parts[-1]}" if len(parts) > 1 and parts[-2] == IMAGES else ""


def _check(images: dict[str, str]) -> None:
    by_key = {Path(name).stem[:-2]: digest for name, digest in images.items()}
    known = open_digests()
    if missing := sorted(known.keys() - by_key.keys()):
        raise InputError(f"the archive lacks {len(missing)} of the {len(known)} known images, such as {missing[0]}")
    if changed := sorted(key for key, digest in known.items() if by_key[key] != digest):
        raise InputError(f"{len(changed)} image(s) of the archive differ from the known ones, such as {changed[0]}; not used")
    if len(images) != COUNT:
        raise InputError(f"the archive holds {len(images)} images instead of {COUNT}; it is another version of the data")
