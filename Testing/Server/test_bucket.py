"""Bodies in a bucket, against a local S3 (moto): the same server, a backup into another bucket, one that is gone."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import requests
from crc_core.vocabulary import Role
from live_server import LiveServer, RemoteHarness
from store_contract import Bench
from store_support import PIN, accepted, write_study

MOTO = shutil.which("moto_server")
pytestmark = pytest.mark.skipif(
    MOTO is None or find_spec("boto3") is None or find_spec("storages") is None,
    reason="no local S3 here (pip install moto[server] django-storages[s3]): bodies in a bucket were not tried",
)


class Bucket:
    """A local S3 with two buckets."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        words = [str(MOTO), "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.port}"
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                requests.put(f"{self.url}/crc-first", timeout=5)
                requests.put(f"{self.url}/crc-second", timeout=5)
                return
            except requests.ConnectionError:
                time.sleep(0.1)
        raise AssertionError("the local S3 did not start")

    @property
    def environment(self) -> dict[str, str]:
        """How a server is told of it."""
        return {
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "CRC_SERVER_BODIES": "s3://crc-first",
        }

    def objects(self, name: str) -> int:
        """How many there are."""
        return requests.get(f"{self.url}/{name}?list-type=2", timeout=10).text.count("<Key>")

    def stop(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    """A local S3."""
    bucket = Bucket()
    yield bucket
    bucket.stop()


def test_everything_lies_in_the_bucket_and_comes_out_of_it(bucket: Bucket, tmp_path: Path) -> None:
    server = LiveServer(tmp_path).start(bucket.environment)
    try:
        bench = Bench(RemoteHarness(server, tmp_path), write_study(tmp_path / "study"), tmp_path)
        prepared, pair = bench.disputed()
        final = bench.seal_final(prepared, pair, "chief")
        accepted(bench.sign(final, prepared.unit, "chief", pair))
        wang = bench.harness.store("wang")
        assert wang.open_final(prepared.unit, "wang").sha256 == final.sha256
        source = prepared.folders[prepared.unit.series_code(Role.PVP)]
        images = [path.read_bytes() for path in wang.open_image(prepared.unit, Role.PVP, "wang")]
        assert images == [path.read_bytes() for path in sorted(source.iterdir())]
        assert bucket.objects("crc-first") > 20
        assert not (tmp_path / "data" / "bodies").exists()
        for words, target in (
            (["backup", "-o", str(tmp_path / "backup"), "--data", str(tmp_path / "data")], "crc-first"),
            (["restore", str(tmp_path / "backup"), "--data", str(tmp_path / "other")], "crc-second"),
        ):
            crcdb(words, {**bucket.environment, "CRC_SERVER_BODIES": f"s3://{target}"})
        assert bucket.objects("crc-second") == bucket.objects("crc-first")
        token = server.connection().post("sessions", {"person": "wang", "password": PIN})["token"]
        headers = {"Authorization": f"Token {token}"}
        bucket.stop()
        shutil.rmtree(tmp_path / "data" / "cache", ignore_errors=True)
        for path in (f"units/{prepared.unit}/images/PVP", f"units/{prepared.unit}/final"):
            answer = requests.get(server.address.at(path), headers=headers, timeout=60)
            assert (answer.status_code, answer.json()["code"]) == (503, "server.away")
            assert int(answer.headers["Retry-After"]) > 0
        assert requests.get(server.address.at("work-list"), headers=headers, timeout=20).ok
    finally:
        server.stop()


def crcdb(words: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "crc_core.cli.main", *words]
    values = {**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "crc_server.settings", "CRC_SERVER_DATABASE": ""}
    done = subprocess.run(command, env=values, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
