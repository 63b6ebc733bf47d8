"""A 2 GB artifact, uploaded: the peak of the publisher's process, next to that of a 20 MB one; and the time, next to
sha256sum over the same file.

The figure to keep (issue 4): a peak below 200 MB. The S3 of this benchmark takes the parts and forgets them: one that
kept them, as moto does, would want the memory itself.
"""

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import parse_qs, urlsplit

from benchmarks.measuring import in_child, told_by_child

SIZES = {"20 MB": 20_000_000, "2 GB": 2_000_000_000}
ROUNDS = 2


def main() -> None:
    """Print the peaks and the times."""
    peaks: dict[str, list[int]] = {name: [] for name in SIZES}
    seconds: dict[str, list[float]] = {name: [] for name in SIZES}
    hashed: list[float] = []
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder, _forgetful_s3() as url:
        files = {name: _sparse(Path(folder) / f"{size}.zip", size) for name, size in SIZES.items()}
        for _ in range(ROUNDS):
            for name, path in files.items():
                took, peak = in_child("benchmarks.uploading", str(path), environment=_environment(url))
                seconds[name].append(took)
                peaks[name].append(peak)
            began = perf_counter()
            subprocess.run(["sha256sum", str(files["2 GB"])], check=True, stdout=subprocess.DEVNULL)
            hashed.append(perf_counter() - began)
    print(f"one artifact uploaded, its SHA-256 and S3's checksums made on the way; median of {ROUNDS}, in turn")
    for name in SIZES:
        print(f"  {median(seconds[name]):8.3f} s  {max(peaks[name]) / 1e6:6.1f} MB peak  {name}")
    ratio = median(seconds["2 GB"]) / median(hashed)
    print(f"  {median(hashed):8.3f} s  sha256sum of the 2 GB: the upload is {ratio:.2f} x")


def _environment(url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
    }


def _sparse(path: Path, size: int) -> Path:
    with path.open("wb") as stream:
        stream.truncate(size)
    return path


class _Forgetful(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer(404, b"")

    def do_GET(self) -> None:
        self._answer(200, b"<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>")

    def do_PUT(self) -> None:
        self._swallow()
        self._answer(200, b"")

    def do_POST(self) -> None:
        self._swallow()
        begins = "uploads" in parse_qs(urlsplit(self.path).query, keep_blank_values=True)
        name = b"InitiateMultipartUploadResult" if begins else b"CompleteMultipartUploadResult"
        self._answer(200, b"<" + name + b"><UploadId>one</UploadId></" + name + b">")

    def _swallow(self) -> None:
        left = int(self.headers.get("Content-Length", 0))
        while left and (chunk := self.rfile.read(min(left, 1 << 20))):
            left -= len(chunk)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"part"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def _forgetful_s3() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Forgetful) as server:
        thread = threading.Thread(target=server.serve_forever, name="forgetful S3")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=10)


def _child(path: Path) -> None:
    from cloud_publisher.artifacts.uploading import describe_artifact, upload_artifact  # noqa: PLC0415
    from cloud_publisher.session import Access, open_account  # noqa: PLC0415 - a child pays for them, not the parent

    s3 = open_account(Access(region="eu-west-1")).s3
    began = perf_counter()
    place = {"bucket": "bucket", "component": "com.example.large", "version": "1.0.0"}
    artifact = describe_artifact(path, **place)
    upload_artifact(s3, path, artifact, **place, digest="0" * 64, advance=lambda _moved: None)
    told_by_child(perf_counter() - began)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _child(Path(sys.argv[1]))
    else:
        main()
