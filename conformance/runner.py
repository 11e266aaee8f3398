"""Plays conformance vectors against clients and compares. See README.md."""

from __future__ import annotations

import argparse
import gzip
import http.server
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LETTERS = {"delta": "d", "reasoning": "r", "tool_call": "t", "round": "o", "finished": "f"}
# Of the runner, for when a client hangs; vectors have limits of their own. Generous: a busy machine is no failure.
STEP_LIMIT = 120.0
BUILD_LIMIT = 600.0


# --- comparing


def mismatches(wanted: Any, seen: Any, path: str) -> list[str]:
    """What of `wanted` does not hold, as a line each."""
    if isinstance(wanted, dict) and any(key.startswith("$") for key in wanted):
        return [problem for key, value in wanted.items() for problem in special(key, value, seen, path)]
    if isinstance(wanted, dict):
        if not isinstance(seen, dict):
            return [f"{path}: wanted an object, saw {show(seen)}"]
        return [problem for key, value in wanted.items() for problem in mismatches(value, seen.get(key), f"{path}.{key}")]
    if isinstance(wanted, list):
        if not isinstance(seen, list) or len(seen) != len(wanted):
            return [f"{path}: wanted {len(wanted)} elements, saw {show(seen)}"]
        return [problem for i, each in enumerate(wanted) for problem in mismatches(each, seen[i], f"{path}[{i}]")]
    if isinstance(wanted, bool) or isinstance(seen, bool) or not isinstance(wanted, (int, float)):
        return [] if wanted == seen else [f"{path}: wanted {show(wanted)}, saw {show(seen)}"]
    near = isinstance(seen, (int, float)) and abs(wanted - seen) <= 1e-6 * max(1, abs(wanted))
    return [] if near else [f"{path}: wanted {show(wanted)}, saw {show(seen)}"]


def special(key: str, value: Any, seen: Any, path: str) -> list[str]:
    if key == "$length":
        return mismatches(value, len(seen) if isinstance(seen, (str, list, dict)) else None, path + ".length")
    if key == "$json":
        try:
            return mismatches(value, json.loads(seen), path)
        except (TypeError, ValueError):
            return [f"{path}: is no JSON: {show(seen)}"]
    number = isinstance(seen, (int, float))
    holds = {
        "$min": lambda: number and seen >= value,
        "$max": lambda: number and seen <= value,
        "$matches": lambda: isinstance(seen, str) and re.search(value, seen) is not None,
        "$any": lambda: seen is not None,
        "$absent": lambda: seen is None,
        "$contains": lambda: isinstance(seen, list) and any(not mismatches(value, each, path) for each in seen),
    }[key]()
    return [] if holds else [f"{path}: wanted {key} {show(value)}, saw {show(seen)}"]


def show(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else text[:300] + f"… ({len(text)} characters)"


# --- servers


class Lines:
    """A process that answers lines with lines."""

    def __init__(self, command: list[str], errors: Any = None):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, encoding="utf-8", cwd=ROOT)
        self.lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=self.pump, daemon=True).start()

    def pump(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def say(self, message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def hear(self, limit: float = STEP_LIMIT) -> Any:
        try:
            line = self.lines.get(timeout=limit)
        except queue.Empty:
            raise TimeoutError(f"nothing more was said within {limit:.0f} s") from None
        if line is None:
            raise EOFError(f"it ended, with status {self.process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        if self.process.poll() is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Collector:
    """Takes spans by OTLP over HTTP, as a collector does, and knows of each its trace, its parent and its name."""

    def __init__(self) -> None:
        self.spans: dict[str, tuple[str, str, str]] = {}
        spans = self.spans

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                # ExportTraceServiceRequest.resource_spans.scope_spans.spans
                for resource in parts(body, 1):
                    for scope in parts(resource, 2):
                        for span in parts(scope, 2):
                            trace, id, parent, name = (b"".join(parts(span, number)) for number in (1, 2, 4, 5))
                            spans[id.hex()] = (trace.hex(), parent.hex(), name.decode())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self) -> dict[str, str]:
        return {
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.server.server_port}",
        }

    def below(self, trace: str, root: str) -> list[str]:
        """Names of all spans of a trace that descend from a span."""

        def descends(id: str) -> bool:
            while id in self.spans:
                id = self.spans[id][1]
                if id == root:
                    return True
            return False

        return sorted(name for id, (of, _, name) in list(self.spans.items()) if of == trace and descends(id))


def parts(message: bytes, wanted: int) -> list[bytes]:
    """The values of a field of bytes in a message of protobuf."""
    found, at = [], 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        field, kind = divmod(varint(), 8)
        if kind == 0:
            varint()
        elif kind == 2:
            length = varint()
            if field == wanted:
                found.append(message[at : at + length])
            at += length
        else:
            at += {1: 8, 5: 4}[kind]
    return found


class Real:
    """The real binary with the scripted model."""

    def __init__(self, options: list[str], directory: Path, environment: dict[str, str] | None = None):
        self.options = options
        self.environment = environment or {}
        self.log = directory / f"server-{time.monotonic_ns()}.log"
        unix = "unix" in options
        self.target = f"unix:{directory}/s{time.monotonic_ns()}" if unix else f"127.0.0.1:{free_port()}"
        self.start()

    def start(self) -> None:
        options = [option for option in self.options if option != "unix"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.environ.get("ADED", str(ROOT / "aded")), "serve", "--model", "scripted:5", "--listen", self.target, *options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, env={**os.environ, **self.environment})
        end = time.monotonic() + 180
        while "Serving" not in self.log.read_text(errors="replace"):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the real server did not start: " + self.log.read_text(errors="replace")[-500:])
            time.sleep(0.05)

    def drain(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def restart(self) -> None:
        self.stop()
        self.log.write_text("")
        self.start()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class Proxy:
    """nginx in front of a server: ends TLS, and asks for a client's certificate or a token if it is told to."""

    def __init__(self, program: str, spec: dict[str, Any], upstream: str, certificates: Path, directory: Path):
        port = free_port()
        self.target = f"localhost:{port}"
        own = directory / f"nginx-{port}"
        own.mkdir()
        # The body comes slowly: where it ends at once, gRPC's C core on a busy machine forgets the status for "Stream removed".
        slow = f'"{"denied " * 40}";'
        mutual = f"""
            ssl_client_certificate {certificates}/ca.pem; ssl_verify_client on;
            error_page 496 =400 @bare; location @bare {{ limit_rate 120; return 400 {slow} }}""" if spec["tls"] == "mutual" else ""
        token = f"""
            if ($http_authorization != "Bearer {spec['token']}") {{ limit_rate 120; return 401 {slow} }}""" if "token" in spec else ""
        temporary = " ".join(f"{kind}_temp_path {own}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (own / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {own}/pid; error_log {own}/log;
            events {{ worker_connections 256; }}
            http {{
                access_log off; {temporary}
                server {{
                    listen 127.0.0.1:{port} ssl http2;
                    ssl_certificate {certificates}/server.pem; ssl_certificate_key {certificates}/server.key; {mutual}
                    client_max_body_size 0;
                    location / {{ {token} grpc_pass grpc://{upstream}; grpc_read_timeout 1h; grpc_send_timeout 1h; }}
                }}
            }}
        """)
        self.process = subprocess.Popen(
            [program, "-p", str(own), "-c", str(own / "nginx.conf"), "-e", str(own / "log")], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("nginx did not start: " + (own / "log").read_text()[-500:]) from None
                time.sleep(0.01)

    @staticmethod
    def program() -> str | None:
        return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def certificates(directory: Path) -> Path:
    """An authority, certificates of it, a server's (a good one, one that has expired, one of another name) and a client's, and
    another authority."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, cwd=directory, capture_output=True)

    directory.mkdir(parents=True, exist_ok=True)
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for name in ("ca", "other"):
        openssl("req", "-x509", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")
    here = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    for name, days, extension in (("server", 2, here), ("expired", -1, here), ("elsewhere", 2, "subjectAltName=DNS:elsewhere.example"),
                                  ("client", 2, "extendedKeyUsage=clientAuth")):
        openssl("req", *new_key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        (directory / f"{name}.ext").write_text(extension + "\n")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", str(days),
                "-extfile", f"{name}.ext", "-out", f"{name}.pem")
    return directory


# --- playing


class Shared:
    """The real server that vectors without options of their own share, whichever client plays them."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.lock = threading.Lock()
        self.server: Real | None = None
        self.broken: str | None = None
        self.built = False

    def get(self) -> Real:
        with self.lock:
            self.server = self.server or self.start([])
            return self.server

    def start(self, options: list[str], environment: dict[str, str] | None = None) -> Real:
        if self.broken is not None:
            raise RuntimeError("the real server did not start, as before")
        if not self.built:
            # A start has a limit of time; that it is built first, where it is not yet, is to have none.
            program = os.environ.get("ADED", str(ROOT / "aded"))
            subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.built = True
        try:
            return Real(options, self.directory, environment)
        except RuntimeError as broken:
            self.broken = str(broken)
            raise

    def stop(self) -> None:
        if self.server is not None:
            self.server.stop()


class Runner:
    """Plays vectors against one client."""

    def __init__(self, arguments: argparse.Namespace, client: str, shared: Shared):
        self.arguments = arguments
        self.client = client
        self.shared = shared
        self.directory = shared.directory / client
        self.directory.mkdir()
        self.out: list[str] = []
        self.fake: Lines | None = None
        self.made: Path | None = None

    def start_fake(self, spec: dict[str, Any]) -> str:
        if self.fake is None:
            python = os.environ.get("ADED_FAKE_PYTHON", sys.executable)
            self.fake = Lines([python, str(HERE / "fake.py")])
        self.fake.say({"start": spec, "certificates": str(self.certificates()) if "tls" in spec else ""})
        return str(self.fake.hear()["target"])

    def certificates(self) -> Path:
        self.made = self.made or certificates(self.directory / "certificates")
        return self.made

    def filled(self, connect: dict[str, Any], target: str) -> dict[str, Any]:
        filled = {**connect, "target": target}
        if "tls" in connect:
            files = {"ca": {True: "ca.pem", "other": "other.pem"}, "cert": {True: "client.pem"}, "key": {True: "client.key"}}
            filled["tls"] = {name: str(self.certificates() / files[name][value]) for name, value in connect["tls"].items()}
        return filled

    def play(self, name: str, vector: dict[str, Any], driver: Lines) -> tuple[list[str], str | None]:
        """What does not hold, and why the vector was skipped, if it was."""
        spec = vector["server"]
        real: Real | None = None
        own: Real | None = None
        collector = Collector() if "spans" in vector else None
        if "real" in spec:
            if spec["real"] or vector.get("during") or "spans" in vector:
                real = own = self.shared.start(spec["real"], collector.environment() if collector else None)
            else:
                real = self.shared.get()
            target = real.target
        else:
            target = self.start_fake(spec)
        proxy: Proxy | None = None
        if "proxy" in spec:
            proxy = Proxy(str(Proxy.program()), spec["proxy"], target, self.certificates(), self.directory)
            target = proxy.target
        client = json.loads(json.dumps(vector["client"]).replace("$CLIENT", self.client))
        client["connect"] = self.filled(client.get("connect", {}), target)
        try:
            steps, problems, skipped = self.listen(name, vector, client, driver, real)
        finally:
            seen = None
            if proxy is not None:
                proxy.stop()
            if own is not None:
                own.stop()
            if real is None and self.fake is not None:
                self.fake.say({"stop": True})
                seen = self.fake.hear()["seen"]
        if skipped:
            return [], skipped
        for number, wanted in enumerate(vector["expect"]):
            problems += self.judge(wanted, steps.get(number, {"events": []}), f"step {number}")
        if collector is not None:
            # The server has sent what it had when it stopped.
            wanted = vector["spans"]
            seen_below = collector.below(wanted["trace"], wanted["span"])
            problems += [f"spans: no {name} among {show(seen_below)}" for name in wanted["below"] if name not in seen_below]
            collector.server.shutdown()
        for method, calls in vector.get("seen", {}).items():
            problems += mismatches(calls, (seen or {}).get(method, []), f"seen.{method}")
        if self.arguments.verbose and seen is not None:
            self.say("   seen " + show(seen))
        return problems, None

    def listen(
        self, name: str, vector: dict[str, Any], client: dict[str, Any], driver: Lines, real: Real | None
    ) -> tuple[dict[int, Any], list[str], str | None]:
        steps: dict[int, Any] = {}
        skipped = None
        pending = list(vector.get("during", []))
        counts: dict[str, int] = {}
        began = time.monotonic()
        driver.say({"vector": name, "client": client})
        while True:
            said = driver.hear()
            if self.arguments.verbose:
                self.say("   " + show(said))
            if "done" in said:
                wanted = vector.get("warnings")
                return steps, [] if wanted is None else mismatches(wanted, said.get("warnings"), "warnings"), skipped
            step = steps.setdefault(said["step"], {"events": []})
            if "event" in said:
                step["events"].append(said)
                counts[said["event"]] = counts.get(said["event"], 0) + 1
                for when in list(pending):
                    if counts.get(when["after"]["event"], 0) >= when["after"]["count"]:
                        pending.remove(when)
                        getattr(real, when["do"])()
            else:
                step.update(said)
                step["ms"] = (time.monotonic() - began) * 1000
                began = time.monotonic()
                skipped = said.get("skipped") or skipped

    @staticmethod
    def judge(wanted: dict[str, Any], step: dict[str, Any], path: str) -> list[str]:
        problems = []
        if "result" not in step and "error" not in step:
            return [f"{path}: gave neither result nor error"]
        for outcome in ("result", "error"):
            if outcome in wanted:
                problems += mismatches(wanted[outcome], step.get(outcome), f"{path}.{outcome}")
                if outcome not in step:
                    problems.append(f"{path}: wanted a {outcome}, saw {show({k: v for k, v in step.items() if k != 'events'})}")
            elif outcome == "error" and outcome in step:
                problems.append(f"{path}: failed: {show(step['error'])}")
        if "order" in wanted:
            order = "".join(LETTERS.get(event["event"], "?") for event in step["events"])
            if not re.fullmatch(wanted["order"], order):
                problems.append(f"{path}: wanted events {wanted['order']}, saw {order[:200]}")
        if "events" in wanted:
            problems += mismatches(wanted["events"], step["events"], f"{path}.events")
        if step.get("ms", 0) > wanted.get("max_ms", float("inf")):
            problems.append(f"{path}: took {step['ms']:.0f} ms, wanted at most {wanted['max_ms']}")
        if step.get("ms", 0) < wanted.get("min_ms", 0):
            problems.append(f"{path}: took {step['ms']:.0f} ms, wanted at least {wanted['min_ms']}")
        return problems

    def say(self, line: str) -> None:
        self.out.append(line)

    def driver(self) -> Lines:
        """A driver that is built and answers, so that no vector's time contains that."""
        driver = Lines([str(HERE / "drivers" / self.client)])
        driver.say({"vector": "none", "client": {"connect": {"target": "localhost:1"}, "steps": []}})
        driver.hear(BUILD_LIMIT)
        return driver

    def run(self, vectors: dict[str, Any]) -> bool:
        passed, failed, skipped = 0, 0, []
        began = time.monotonic()
        driver: Lines | None = None
        for name, vector in vectors.items():
            why = vector.get("skip", {}).get(self.client)
            if "real" in vector["server"] and self.arguments.no_real:
                why = "need the real binary"
            if "proxy" in vector["server"] and Proxy.program() is None:
                why = "need nginx, which is not there"
            problems: list[str] = []
            started = time.monotonic()
            for played in range(self.arguments.tries if why is None else 0):
                if played:
                    self.say(f"once more, {self.client} {name}: {'; '.join(problems)}")
                try:
                    driver = driver or self.driver()
                    problems, why = self.play(name, vector, driver)
                except (TimeoutError, EOFError, OSError, RuntimeError) as broken:
                    problems = [f"{type(broken).__name__}: {broken}"]
                    if driver is not None:
                        driver.process.kill()
                        driver = None
                if not problems:
                    break
            if self.arguments.verbose:
                self.say(f"-- {name}: {time.monotonic() - started:.1f} s")
            if why is not None:
                skipped.append(f"{name} ({why})")
            elif problems:
                failed += 1
                self.say(f"FAILED {self.client} {name}: {vector['about']}")
                self.out += [f"    {problem}" for problem in problems]
            else:
                passed += 1
        if driver is not None:
            driver.close()
        if self.fake is not None:
            self.fake.close()
        reasons: dict[str, list[str]] = {}
        for each in skipped:
            reasons.setdefault(each.split("(", 1)[1].rstrip(")"), []).append(each.split(" (")[0])
        for reason, names in reasons.items():
            self.say(f"SKIPPED {self.client} {len(names)}, which {reason}: {', '.join(names[:4])}{', …' if names[4:] else ''}")
        seconds = time.monotonic() - began
        self.say(f"{self.client}: {passed} passed, {failed} failed, {len(skipped)} skipped, {seconds:.1f} s")
        return failed == 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance/run")
    parser.add_argument("clients", nargs="*", help="names of programs in conformance/drivers")
    parser.add_argument("--only", metavar="TEXT", help="only vectors whose name contains it")
    parser.add_argument("--no-real", action="store_true", help="leave out those that need the real binary")
    parser.add_argument("--tries", type=int, default=1, help="how often a vector that fails is played: 2 on a busy machine")
    parser.add_argument("--list", action="store_true", help="list the vectors")
    parser.add_argument("-v", "--verbose", action="store_true", help="print what is seen")
    arguments = parser.parse_args()
    vectors = {
        file.stem: json.loads(file.read_text(encoding="utf-8"))
        for file in sorted((HERE / "vectors").glob("*.json"))
        if arguments.only is None or arguments.only in file.stem
    }
    if arguments.list:
        for name, vector in vectors.items():
            print(f"{name:34} {vector['about']}")
        return 0
    known = sorted(path.name for path in (HERE / "drivers").iterdir() if os.access(path, os.X_OK) and path.is_file())
    for client in arguments.clients:
        if client not in known:
            parser.error(f"there is no conformance/drivers/{client}; there are {', '.join(known)}")
    good = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what follows is tidied up
    with tempfile.TemporaryDirectory(prefix="aded-conf-") as directory:
        shared = Shared(Path(directory))

        def play(client: str) -> None:
            runner = Runner(arguments, client, shared)
            try:
                good.append(runner.run(vectors))
            finally:
                print("\n".join(runner.out), flush=True)

        clients = arguments.clients or known
        try:
            # Who is told to end does not wait for them.
            threads = [threading.Thread(target=play, args=(client,), daemon=True) for client in clients]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            shared.stop()
    return 0 if len(good) == len(clients) and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
