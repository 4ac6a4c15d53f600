"""A server on the loopback that answers as told and remembers what it was asked."""

import email
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One request: its path, headers and body."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> list[tuple[str, bytes]]:
        """Fields of a multipart form, in order."""
        kind = self.headers["Content-Type"].encode()
        message = email.message_from_bytes(
            b"Content-Type: " + kind + b"\r\n\r\n" + self.body, policy=HTTP
        )
        parts = message.iter_parts()
        return [
            (
                str(part.get_param("name", header="content-disposition")),
                bytes(part.get_payload(decode=True)),
            )
            for part in parts
        ]


Reply = Callable[[BaseHTTPRequestHandler, Request], None]


@contextmanager
def loopback(reply: Reply) -> Iterator[tuple[str, list[Request]]]:
    """Serve on 127.0.0.1 until the block ends; gives the address and the requests received."""
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Request(self.path, dict(self.headers), self.rfile.read(length))
            asked.append(request)
            reply(self, request)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that leaves in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/search", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def text_reply(code: int, body: bytes, **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler, _: Request) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def json_reply(content: Any) -> Reply:
    return text_reply(200, json.dumps(content).encode())


def in_turn(*replies: Reply) -> Reply:
    """Answer each request by the next reply, the last one for ever."""
    waiting = list(replies)

    def reply(handler: BaseHTTPRequestHandler, request: Request) -> None:
        (waiting.pop(0) if len(waiting) > 1 else waiting[0])(handler, request)

    return reply


def cut(handler: BaseHTTPRequestHandler, _: Request) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"features": [')


def hang_up(handler: BaseHTTPRequestHandler, _: Request) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def slow(_handler: BaseHTTPRequestHandler, _: Request) -> None:
    time.sleep(0.6)


def drip(handler: BaseHTTPRequestHandler, _request: Request) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(20):
        try:
            handler.wfile.write(b" ")
            time.sleep(0.05)
        except OSError:
            return
