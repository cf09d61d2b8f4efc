"""A subscriber's real HTTP server: it writes down what comes, verifies it by an independent implementation, and misbehaves on demand."""

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from standardwebhooks import Webhook

PATIENCE_SECONDS = 30.0


class Got(NamedTuple):
    """A request, and what was answered."""

    message_id: str
    number: int
    code: str
    data: Any
    status: int


class Receiver:
    """Runs in threads; `answer` gives the status for a body, and may wait."""

    def __init__(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.got: list[Got] = []
        self.secrets: list[str] = []
        self.answer: Callable[[dict[str, Any]], int] = lambda _: 204
        self.headers: dict[str, str] = {}
        self.paths: list[str] = []
        self.changed = threading.Condition()
        self._server = self._listen(port)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def start_again(self) -> None:
        """Come back on the same port."""
        self._server = self._listen(self._server.server_port)

    def until(self, holds: Callable[[list[Got]], bool]) -> list[Got]:
        """Wait until what came satisfies a condition."""
        with self.changed:
            assert self.changed.wait_for(lambda: holds(self.got), PATIENCE_SECONDS), [got[1:3] for got in self.got]
            return list(self.got)

    def taken(self) -> list[Got]:
        return [got for got in self.got if got.status < 300]

    def _listen(self, port: int) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return server

    def take(self, path: str, headers: dict[str, str], body: bytes) -> int:
        for secret in self.secrets:
            Webhook(secret).verify(body, headers)
        told = json.loads(body)
        data = told["data"].get("content", told["data"])
        status = self.answer(told)
        with self.changed:
            self.paths.append(path)
            self.got.append(Got(headers["webhook-id"], told["number"], data["credit_code"], told["data"], status))
            self.changed.notify_all()
        return status


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = receiver.take(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
