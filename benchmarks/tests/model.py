"""The contract of the configuration door as a small server in memory: up to three nodes in one process, the first one leads.

It is there to try the suite and the contract's runner without a server, and to plant faults that they must find. It is slow, keeps
nothing, and agrees with nobody: see docs for what a real node does.

    python3 benchmarks/tests/model.py --port 6100 --nodes 3
"""

import argparse
import json
import re
import threading
import time
import uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote_to_bytes, urlsplit

KEYS = {
    "confman_dev_abc123": ("suite-admin", "admin"),
    "confman_dev_editor": ("suite-editor", "editor"),
    "confman_dev_reader": ("suite-reader", "viewer"),
}
READ, WRITE, ADMIN = ("admin", "publisher", "editor", "viewer"), ("admin", "publisher", "editor"), ("admin",)
TYPES = ("string", "number", "boolean", "json", "binary")
VALUE_BYTES_MAX = 8 << 20
BODY_BYTES_MAX = 16 << 20
NAMESPACE = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")


def described(method, path, statuses, body=None):
    """An operation of the document: what it takes and answers."""
    kinds = {200: "application/json", 307: None, 204: None}
    answers = {}
    for status in statuses:
        kind = kinds.get(status, "application/problem+json")
        answers[str(status)] = {"description": "-", **({"content": {kind: {"schema": {"type": ["object", "array"]}}}} if kind else {})}
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in re.findall(r"{(\w+)}", path)]
    taken = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}
    return {path: {method: {"parameters": parameters, "responses": answers, **taken}}}


ENTRY = {"type": "object", "required": ["value"], "properties": {"value": {"type": "string"}, "type": {"enum": list(TYPES)}}}
KEY_PATH = "/api/v1/namespaces/{namespace}/config/{key}"
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "model", "version": "1"},
    "paths": {
        **described("get", "/health", [200, 405]),
        **described("get", "/api/v1/namespaces", [200, 401, 403, 405]),
        KEY_PATH: {
            **described("get", KEY_PATH, [200, 400, 401, 403, 404, 405])[KEY_PATH],
            **described("put", KEY_PATH, [200, 307, 400, 401, 403, 404, 405, 413, 415], ENTRY)[KEY_PATH],
            **described("delete", KEY_PATH, [204, 307, 400, 401, 403, 404, 405])[KEY_PATH],
        },
    },
}


class Problem(Exception):
    """An answer of application/problem+json."""

    def __init__(self, status, title, detail, **headers):
        super().__init__(detail)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers


class Faults:
    """What goes wrong, counted by writes of keys."""

    def __init__(self, lose_every=0, fail_every=0, corrupt_every=0, double_every=0, elect_after=0, stale_reads=False):
        self.lose_every, self.fail_every, self.corrupt_every, self.double_every = lose_every, fail_every, corrupt_every, double_every
        self.elect_after, self.stale_reads = elect_after, stale_reads
        self.writes = 0

    def hits(self, every):
        return every and self.writes % every == 0


class Store:
    """What all nodes have in common."""

    def __init__(self, urls, faults=None, serves_snapshots=True):
        self.urls, self.faults, self.serves_snapshots = urls, faults or Faults(), serves_snapshots
        self.leader, self.term = 0, 1
        self.namespaces, self.entries, self.audit, self.position = {}, {}, [], 0
        self.lock = threading.RLock()

    def record(self, action, actor, namespace, key=None, old=None, new=None):
        self.position += 1
        told = {"timestamp": now(), "action": action, "actor": actor, "namespace": namespace, "key": key, "oldValue": old, "newValue": new}
        self.audit.append(told)

    def put(self, namespace, key, value, kind, actor):
        faults = self.faults
        faults.writes += 1
        if faults.elect_after and faults.writes == faults.elect_after:
            self.term += 1
            self.leader = (self.leader + 1) % len(self.urls)
        if faults.hits(faults.fail_every):
            raise Problem(500, "Broken", "a planted fault")
        if namespace not in self.namespaces:
            self.put_namespace(namespace, None, None, actor)
        old = self.entries.get((namespace, key))
        version = (old["version"] if old else 0) + 1 + bool(faults.hits(faults.double_every))
        entry = {"namespace": namespace, "key": key, "value": value, "type": kind, "version": version}
        entry.update(updatedAt=now(), updatedBy=actor)
        self.record("config.updated" if old else "config.created", actor, namespace, key, old and old["value"], value)
        if not faults.hits(faults.lose_every):
            stored = dict(entry)
            if faults.hits(faults.corrupt_every):
                stored["value"] = "x" + value[1:]
            self.entries[namespace, key] = stored
        return entry

    def put_namespace(self, path, description, owner, actor):
        old = self.namespaces.get(path)
        told = {"path": path, "description": description, "owner": owner or actor, "createdAt": old["createdAt"] if old else now()}
        self.namespaces[path] = told
        self.record("namespace.updated" if old else "namespace.created", actor, path)
        return told


def now():
    return datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")


class Handler(BaseHTTPRequestHandler):
    """One node's answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    @property
    def store(self):
        return self.server.store

    def do(self):
        self.body = None
        try:
            self.answer(*self.route())
        except Problem as problem:
            told = {"type": "about:blank", "title": problem.title, "status": problem.status, "detail": problem.detail}
            self.answer(problem.status, told, problem.headers, "application/problem+json")

    do_GET = do_PUT = do_DELETE = do_POST = do_PATCH = do_HEAD = do_OPTIONS = do_TRACE = do_QUERY = do

    def answer(self, status, told=None, headers=None, kind="application/json"):
        body = b"" if told is None else told.encode() if isinstance(told, str) else json.dumps(told).encode()
        self.take_body(drop=True)
        self.send_response(status)
        self.send_header("X-Correlation-Id", self.headers.get("X-Correlation-Id") or str(uuid.uuid4()))
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        if told is not None:
            self.send_header("Content-Type", kind)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def take_body(self, drop=False):
        if self.body is None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > BODY_BYTES_MAX:
                self.body, self.close_connection = b"", True
                if not drop:
                    raise Problem(413, "Too large", f"a body has at most {BODY_BYTES_MAX} bytes")
                return b""
            self.body = self.rfile.read(length)
        return self.body

    def json_body(self):
        def once(pairs):
            if len({name for name, _ in pairs}) != len(pairs):
                raise ValueError("a name is there twice: line 1 column 1")
            return dict(pairs)

        def refuse(word):
            raise ValueError(f"{word} is no number: line 1 column 1")

        if not (self.headers.get("Content-Type") or "").startswith("application/json"):
            raise Problem(415, "Media type", "send application/json")
        try:
            text = self.take_body().decode()
            told = json.loads(text, object_pairs_hook=once, parse_constant=refuse)
            json.dumps(told, ensure_ascii=False).encode()
            if "1e400" in text:
                raise ValueError("1e400 is too large: line 1 column 1")
        except (ValueError, RecursionError) as error:
            raise Problem(400, "Malformed", f"the body is no JSON: {error}, line 1 column 1 or later") from None
        if not isinstance(told, dict):
            raise Problem(400, "Malformed", "the body is no JSON object: line 1 column 1")
        return told

    def actor(self, roles):
        name, role = KEYS.get(self.headers.get("X-Api-Key"), (None, None))
        if name is None:
            raise Problem(401, "Unauthorized", "name an API key in X-Api-Key")
        if role not in roles:
            raise Problem(403, "Forbidden", f"the role {role} may not do this")
        return name

    def lead(self):
        """Writes go to the leader."""
        store = self.store
        if self.server.number != store.leader:
            location = store.urls[store.leader] + self.path
            raise Problem(307, "Temporary redirect", "the leader takes writes", Location=location)

    def route(self):
        parts = urlsplit(self.path)
        try:
            words = [unquote_to_bytes(word).decode() for word in parts.path.split("/")[1:]]
        except UnicodeDecodeError:
            raise Problem(400, "Malformed", "the path is not UTF-8") from None
        query = parse_qs(parts.query)
        with self.store.lock:
            match (self.command, *words):
                case (_, "health"):
                    self.only("GET")
                    return 200, {"status": "healthy", "timestamp": now()}
                case ("GET", "health", "ready"):
                    return self.ready()
                case ("GET", "metrics"):
                    return 200, "# TYPE up gauge\nup 1\n", None, "text/plain; version=0.0.4"
                case ("GET", "swagger", "v1", "swagger.json") | ("GET", "openapi.json"):
                    return 200, OPENAPI
                case ("POST", "api", "v1", "admin", "snapshot") if self.store.serves_snapshots:
                    self.actor(ADMIN)
                    return 200, {"bytes": len(self.store.entries), "milliseconds": 1}
                case (_, "api", "v1", "namespaces"):
                    self.only("GET")
                    self.actor(READ)
                    return 200, list(self.store.namespaces.values())
                case (_, "api", "v1", "namespaces", namespace, *rest):
                    return self.in_namespace(namespace, rest, query)
        raise Problem(404, "Not found", "there is nothing here")

    def only(self, *methods):
        if self.command not in methods:
            raise Problem(405, "Method not allowed", f"use {', '.join(methods)}", Allow=", ".join(methods))

    def ready(self):
        store = self.store
        role = "leader" if self.server.number == store.leader else "follower"
        cluster = {"role": role, "leaderKnown": True, "leader": store.urls[store.leader], "term": store.term}
        return 200, {"status": "ready", "timestamp": now(), "cluster": cluster}

    def in_namespace(self, namespace, rest, query):
        match rest:
            case []:
                self.only("GET", "PUT", "DELETE")
                actor = self.actor(READ if self.command == "GET" else ADMIN)
                self.check_namespace(namespace)
                return getattr(self, f"{self.command.lower()}_namespace")(namespace, actor)
            case ["config"]:
                self.only("GET")
                self.actor(READ)
                self.check_namespace(namespace)
                return 200, [entry for (path, _), entry in sorted(self.store.entries.items()) if path == namespace]
            case ["config", key]:
                self.only("GET", "PUT", "DELETE")
                actor = self.actor(READ if self.command == "GET" else WRITE)
                self.check_namespace(namespace)
                if not 1 <= len(key.encode()) <= 512 or any(ord(letter) < 32 for letter in key) or ".." in key.split("/"):
                    raise Problem(400, "Invalid key", "a key has 1 to 512 bytes of UTF-8 and no control characters")
                return getattr(self, f"{self.command.lower()}_key")(namespace, key, actor)
            case ["audit"]:
                self.only("GET")
                self.actor(READ)
                self.check_namespace(namespace)
                return 200, self.audit(namespace, query)
        raise Problem(404, "Not found", "there is nothing here")

    @staticmethod
    def check_namespace(namespace):
        if len(namespace) > 256 or not NAMESPACE.fullmatch(namespace) or {".", ".."} & set(namespace.split("/")):
            raise Problem(400, "Invalid namespace", "a namespace is a path such as teams/payments")

    def audit(self, namespace, query):
        try:
            limit = int(query.get("limit", ["50"])[0])
        except ValueError:
            raise Problem(400, "Invalid limit", "limit is a number") from None
        newest = [record for record in reversed(self.store.audit) if record["namespace"] == namespace]
        return newest[: max(1, min(limit, 1_000))]

    def get_namespace(self, namespace, _):
        if namespace not in self.store.namespaces:
            raise Problem(404, "Namespace not found", f"no namespace {namespace}")
        return 200, self.store.namespaces[namespace]

    def put_namespace(self, namespace, actor):
        self.lead()
        told = self.json_body()
        for name in ("description", "owner"):
            if not isinstance(told.get(name), str | None):
                raise Problem(400, "Malformed", f"{name} is a text: line 1 column 1")
        return 200, self.store.put_namespace(namespace, told.get("description"), told.get("owner"), actor)

    def delete_namespace(self, namespace, actor):
        self.lead()
        store = self.store
        if store.namespaces.pop(namespace, None) is None:
            raise Problem(404, "Namespace not found", f"no namespace {namespace}")
        store.entries = {place: entry for place, entry in store.entries.items() if place[0] != namespace}
        store.record("namespace.deleted", actor, namespace)
        return (204,)

    def get_key(self, namespace, key, _):
        store = self.store
        entry = store.entries.get((namespace, key))
        if entry is None or (store.faults.stale_reads and entry["version"] > 1 and self.server.number != store.leader):
            raise Problem(404, "Configuration not found", f"no key {key} in {namespace}")
        return 200, entry

    def put_key(self, namespace, key, actor):
        self.lead()
        told = self.json_body()
        value, kind = told.get("value"), told.get("type") or "string"
        if not isinstance(value, str):
            raise Problem(400, "Malformed", "value is a text: line 1 column 1")
        if kind not in TYPES:
            raise Problem(400, "Malformed", f"type is one of {', '.join(TYPES)}")
        if len(value.encode()) > VALUE_BYTES_MAX:
            raise Problem(413, "Too large", f"a value has at most {VALUE_BYTES_MAX} bytes")
        self.check_value(value, kind)
        return 200, self.store.put(namespace, key, value, kind, actor)

    @staticmethod
    def check_value(value, kind):
        try:
            fits = {"number": lambda: float(value), "json": lambda: json.loads(value), "boolean": lambda: {"true": 1, "false": 0}[value]}
            fits.get(kind, lambda: None)()
        except (ValueError, KeyError, RecursionError):
            raise Problem(400, "Malformed", f"the value is no {kind}") from None

    def delete_key(self, namespace, key, actor):
        self.lead()
        old = self.store.entries.pop((namespace, key), None)
        if old is None:
            raise Problem(404, "Configuration not found", f"no key {key} in {namespace}")
        self.store.record("config.deleted", actor, namespace, key, old["value"])
        return (204,)


class Server(ThreadingHTTPServer):
    """One node."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port):
        self.number, self.store = 0, None
        super().__init__(("127.0.0.1", port), Handler)


class Model:
    """The nodes; to be used with `with`."""

    def __init__(self, nodes=3, ports=None, **more):
        self.servers = [Server(port) for port in ports or [0] * nodes]
        self.urls = [f"http://127.0.0.1:{server.server_address[1]}" for server in self.servers]
        self.store = Store(self.urls, **more)
        for number, server in enumerate(self.servers):
            server.number, server.store = number, self.store
        self.threads = [threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True) for server in self.servers]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for server in self.servers:
            server.shutdown()
            server.server_close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=6100)
    parser.add_argument("--nodes", type=int, default=3)
    for name in ("lose-every", "fail-every", "corrupt-every", "double-every", "elect-after"):
        parser.add_argument(f"--{name}", type=int, default=0)
    options = vars(parser.parse_args())
    port, nodes = options.pop("port"), options.pop("nodes")
    with Model(ports=[port + 100 * number for number in range(nodes)], faults=Faults(**options)) as model:
        print("\n".join(model.urls), flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
