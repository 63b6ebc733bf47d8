"""`build` of a large component that is killed in the middle of its upload: the next run sends only what is missing."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from greengrass_emulator.cloud.cloud import Cloud

from cloud_publisher.artifacts.parts import PART_SIZE

Run = Callable[..., Any]


class Line(ThreadingHTTPServer):
    """The line between the publisher and S3: it counts the parts that come through, and can hold one for ever."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, s3: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.s3 = urlsplit(s3).netloc
        self.parts: list[int] = []
        self.held = threading.Event()
        self.hold_from = 10_000

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Line

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number = int(parse_qs(urlsplit(self.path).query).get("partNumber", ["0"])[0])
        if number >= self.server.hold_from:
            self.server.held.set()
            threading.Event().wait(60)
            return
        connection = HTTPConnection(self.server.s3, timeout=60)
        connection.request(self.command, self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        if number:
            self.server.parts.append(number)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", answer.getheader("Content-Length") or str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def line(cloud: Cloud) -> Iterator[Line]:
    with Line(cloud.environment("dev")["AWS_ENDPOINT_URL"]) as server:
        thread = threading.Thread(target=server.serve_forever, name="line to S3")
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=10)


def test_parts_that_are_there_are_not_sent_again_after_a_kill(
    run: Run, repository: Any, bucket: Any, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.simple_app()
    content = os.urandom(4 * PART_SIZE + 1000)
    repository.write("app/weights.bin", content)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", line.url)
    line.hold_from = 3
    killed = subprocess.Popen(
        [sys.executable, "-m", "cloud_publisher", "build"], cwd=repository.folder, stdout=subprocess.DEVNULL
    )
    assert line.held.wait(60)
    while len(line.parts) < 2:
        assert not threading.Event().wait(0.01)
    killed.kill()
    killed.wait(timeout=10)
    assert bucket.artifacts() == []

    line.hold_from = 10_000
    ran = run("build")
    assert ran.code == 0, ran.err
    assert sorted(line.parts) == [1, 2, 3, 4, 5]
    (artifact,) = repository.component("app")["artifacts"]
    assert bucket.zip(artifact["uri"]).read("weights.bin") == content
    assert repository.component("app")["version"] == "1.0.0"
    assert "Uploads" not in bucket.s3.list_multipart_uploads(Bucket=bucket.name)
