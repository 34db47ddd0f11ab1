"""Drives Gridmill from Python: its command line, its HTTP service, and candles that are the same everywhere.

Needs nothing beyond the standard library. GRIDMILL_URL and GRIDMILL_TOKEN name a service that runs already; without them
`service()` starts one from this checkout, in a store of its own that is removed at the end.
"""

import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
KEY = "smoke/WALK/1h"
GOLDEN = json.loads((Path(__file__).resolve().parent / "golden.json").read_text())


def made_candles(bars=8_760, seed=20_240_101):
    """A random walk in whole cents: the text of a CSV file, and the closes in cents. scripts/smoke makes the same one."""
    state = seed

    def below(count):
        nonlocal state
        state = (state * 1_664_525 + 1_013_904_223) & 0xFFFFFFFF
        return ((state >> 16) * count) >> 16

    def hundredths(count):
        return f"{count // 100}.{count % 100:02d}"

    begin_ms, hour_ms = 1_704_067_200_000, 3_600_000
    lines, closes, price = ["time,open,high,low,close,volume"], [], 4_000_000
    for bar in range(bars):
        opened = high = low = price
        for _ in range(4):
            price = max(100_000, price + below(20_001) - 10_000)
            high, low = max(high, price), min(low, price)
        cells = [opened, high, low, price, 1 + below(10_000)]
        lines.append(",".join([str(begin_ms + bar * hour_ms), *map(hundredths, cells)]))
        closes.append(price)
    return "\n".join(lines) + "\n", closes


class Refused(Exception):
    """What the service refused: code, rule, found, todo."""

    def __init__(self, status, error):
        super().__init__(f"{status} {error.get('code')}: {error.get('message')}")
        self.status, self.code, self.error = status, error.get("code"), error


class Service:
    """A running service. `home` is its store where it was started here, else None."""

    def __init__(self, url, token=None, home=None, process=None):
        self.url, self.token, self.home, self.process = url.rstrip("/"), token, home, process

    def _open(self, method, path, body=None, headers=None, query=None, timeout=120):
        query = {name: value for name, value in (query or {}).items() if value is not None}
        target = self.url + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = dict(headers or {})
        if self.token:
            headers["authorization"] = f"Bearer {self.token}"
        if body is not None and not isinstance(body, bytes):
            body, headers["content-type"] = json.dumps(body).encode(), "application/json"
        request = urllib.request.Request(target, data=body, headers=headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=timeout)
        except urllib.error.HTTPError as answer:
            text = answer.read()
            try:
                problem = json.loads(text)["error"]
            except (ValueError, KeyError, TypeError):
                problem = {"code": "HTTP_ERROR", "message": text[:200].decode(errors="replace")}
            raise Refused(answer.code, problem) from None

    def get(self, path, **query):
        with self._open("GET", path, query=query) as answer:
            return json.load(answer)

    def post(self, path, body=None, **query):
        with self._open("POST", path, body=body, query=query) as answer:
            return json.load(answer)

    def file(self, path, **query):
        """The bytes of an export."""
        with self._open("GET", path, query=query) as answer:
            return answer.read()

    def upload(self, text, **query):
        headers = {"content-type": "application/octet-stream"}
        with self._open("POST", "/api/data/import", body=text.encode(), headers=headers, query=query) as answer:
            return json.load(answer)

    def follow(self, job, silence=35, tries=8):
        """Events of a job until it ends. A stream that breaks is taken up where it broke."""
        last, failures = None, 0
        while True:
            try:
                headers = {"accept": "text/event-stream", **({"last-event-id": last} if last else {})}
                with self._open("GET", f"/api/jobs/{job}/events", headers=headers, timeout=silence) as stream:
                    if stream.status == 204:
                        return
                    fields = {}
                    for line in stream:
                        name, _, value = line.decode().rstrip("\r\n").partition(": ")
                        if name:
                            fields[name] = value
                        elif "data" in fields:
                            last, failures = fields["id"], 0
                            event = json.loads(fields["data"])
                            yield event
                            if event["state"] not in ("queued", "running"):
                                return
                            fields = {}
            except Refused as error:
                if error.status not in (429, 502, 503):
                    raise
            except OSError:
                pass
            failures += 1
            if failures > tries:
                raise ConnectionError(f"the events of {job} cannot be had any more")
            time.sleep(min(10, 0.25 * 2**failures))

    def stop(self):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _node(arguments, home, **options):
    environment = {name: value for name, value in os.environ.items() if name not in ("GRIDMILL_TOKEN", "FORCE_COLOR")}
    environment.update(GRIDMILL_HOME=str(home), NO_COLOR="1")
    command = [os.environ.get("GRIDMILL_NODE", "node"), str(CHECKOUT / "bin" / "gridmill.mjs"), *arguments]
    return command, {"env": environment, "cwd": Path(home).parent, "text": True, **options}


def cli(home, *arguments):
    """Runs `gridmill …arguments --json` over a store and answers what it printed."""
    command, options = _node([*map(str, arguments), "--json"], home, capture_output=True)
    done = subprocess.run(command, **options)
    if done.returncode != 0:
        raise RuntimeError(f"gridmill ended with {done.returncode}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def store():
    """A store of its own for the command line; it is removed when this Python ends."""
    folder = Path(tempfile.mkdtemp(prefix="gridmill-notebook-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(folder / "store")


def service(*options):
    """The service that GRIDMILL_URL names, or one that is started here and ends with this Python."""
    if os.environ.get("GRIDMILL_URL"):
        return Service(os.environ["GRIDMILL_URL"], os.environ.get("GRIDMILL_TOKEN"))
    home = store()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    command, opened = _node(["serve", "--port", "0", *options], home, **streams)
    process = subprocess.Popen(command, **opened)
    found = re.search(r"answers at (http:\S+)", process.stdout.readline())
    if found is None:
        process.kill()
        raise RuntimeError("gridmill serve did not start: try it in a terminal. Is it built (npm run build)?")
    # What it prints from here on is read, so that it never waits for a reader.
    threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()
    started = Service(found[1], home=home, process=process)
    atexit.register(started.stop)
    return started
