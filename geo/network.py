"""The one door to the network: bounded in time, in bytes and in where a redirection may lead.

Only what a person asks for goes through here. An exchange that fails says in which way (KINDS), so
that each caller can word it; nothing is written unless every byte came.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import (
    HTTPError,
    InvalidHeader,
    MaxRetryError,
    ReadTimeoutError,
    ResponseError,
)
from urllib3.util import Retry

from geo.errors import AtlasError

KINDS = ("refused", "late", "unreachable", "cut", "too_big", "redirected", "address")
USER_AGENT = "atlas-qpv"
_MOST_HOPS = 5
_PIECE = 65_536
_REDIRECTIONS = (301, 302, 303, 307, 308)
_BUSY = (429, 502, 503, 504)

Progress = Callable[[int, int], None]


class NetworkError(AtlasError):
    """An exchange that failed: ``kind`` of KINDS; the rest is what a caller may tell.

    ``status`` is the one of the answer (0 without) and ``retry_after`` the seconds the service
    asks to be left alone, None when it does not say.
    """

    def __init__(
        self, kind: str, detail: str = "", *, status: int = 0, retry_after: float | None = None
    ) -> None:
        super().__init__(detail or kind)
        self.kind, self.detail = kind, detail
        self.status, self.retry_after = status, retry_after


@dataclass(frozen=True)
class Limits:
    """What an exchange may take: ``seconds`` in all, ``most_bytes`` received, pauses.

    A pause asked by the service (Retry-After) is respected up to ``patience`` seconds; a longer
    one, or a service still busy after ``tries`` new tries, ends the exchange.
    """

    seconds: float
    most_bytes: int
    tries: int = 0
    patience: float = 30.0
    silence: float = 15.0  # seconds without a byte


class _Patience(Retry):
    """Retries of urllib3 that give up, rather than ask too early, before a long Retry-After."""

    patience = 30.0

    def new(self, **changed: Any) -> "_Patience":
        """Return the copy that urllib3 makes for each try, with the same patience."""
        copy = super().new(**changed)
        copy.patience = self.patience
        return copy

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Return the seconds asked for, None when the header says none or says nothing clear."""
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: TracebackType | None = None,
    ) -> "_Patience":
        """Count one more try, or give up when the service asks for a pause beyond patience."""
        wait = self.get_retry_after(response) if response is not None else None
        if wait is not None and wait > self.patience:
            raise MaxRetryError(_pool, url or "", ResponseError("pause longue"))
        return super().increment(method, url, response, error, _pool, _stacktrace)


def session(limits: Limits) -> requests.Session:
    """Return a session whose connections are kept, with the tries and patience of ``limits``."""
    retries = _Patience(
        total=limits.tries,
        redirect=0,
        status_forcelist=_BUSY,
        allowed_methods=None,
        backoff_factor=0.3,
        raise_on_status=False,
        raise_on_redirect=False,
    )
    retries.patience = limits.patience
    opened = requests.Session()
    opened.headers.update({"User-Agent": USER_AGENT})
    for scheme in ("http://", "https://"):
        opened.mount(scheme, HTTPAdapter(max_retries=retries))
    return opened


def receive(
    address: str,
    into: BinaryIO,
    limits: Limits,
    *,
    hosts: Collection[str] = (),
    form: Sequence[tuple[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
    opened: requests.Session | None = None,
    progress: Progress | None = None,
) -> str:
    """Write the answer of an address into a binary file; return its type (Content-Type).

    A GET follows redirections to the same origin, or over https to one of ``hosts`` and what is
    below them; with a ``form`` (names and values; a file is a tuple name, bytes, type) it is a
    multipart POST, which follows none. ``progress`` takes the bytes received and the bytes
    announced (0 when unknown). Raises NetworkError.
    """
    started = time.monotonic()
    asker = opened or session(limits)
    for _ in range(_MOST_HOPS + 1):
        response = _ask(asker, address, limits, form, headers or {})
        with response:
            if response.status_code not in _REDIRECTIONS:
                _accept(response)
                _pour(response, into, limits, started, progress)
                return str(response.headers.get("Content-Type", ""))
            target = urljoin(address, response.headers.get("Location", ""))
        if form is not None or not _may_follow(urlsplit(address), urlsplit(target), hosts):
            raise NetworkError("redirected", _origin(urlsplit(target)))
        address = target
    raise NetworkError("redirected", "sans fin")


def _ask(
    asker: requests.Session,
    address: str,
    limits: Limits,
    form: Sequence[tuple[str, Any]] | None,
    headers: Mapping[str, str],
) -> requests.Response:
    silence = min(limits.silence, limits.seconds)
    method = "GET" if form is None else "POST"
    try:
        return asker.request(
            method,
            address,
            files=list(form) if form is not None else None,
            headers=dict(headers),
            timeout=silence,
            allow_redirects=False,
            stream=True,
        )
    except requests.Timeout as error:
        raise NetworkError("late") from error
    except requests.exceptions.InvalidURL as error:
        raise NetworkError("address") from error
    except requests.ConnectionError as error:
        raise NetworkError(_broken(error)) from error
    except (requests.RequestException, ValueError) as error:
        raise NetworkError("address") from error


def _broken(error: requests.ConnectionError) -> str:
    """Tell a service that was never reached from one that hung up."""
    cause = error.args[0] if error.args else error
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, ReadTimeoutError):
        return "late"
    return "unreachable" if type(reason).__name__ in _UNREACHED else "cut"


_UNREACHED = ("NewConnectionError", "NameResolutionError", "ProxyError", "SSLError")


def _accept(response: requests.Response) -> None:
    if response.status_code == 200:
        return
    wait = _Patience().get_retry_after(response.raw)
    raise NetworkError("refused", status=response.status_code, retry_after=wait)


def _pour(
    response: requests.Response,
    into: BinaryIO,
    limits: Limits,
    started: float,
    progress: Progress | None,
) -> None:
    announced = str(response.headers.get("Content-Length", ""))
    total = int(announced) if announced.isascii() and announced.isdigit() else 0
    if total > limits.most_bytes:
        raise NetworkError("too_big")
    done = 0
    try:
        # read1: a drip of bytes must not hide the clock.
        while piece := response.raw.read1(_PIECE, decode_content=True):
            done += len(piece)
            if done > limits.most_bytes:
                raise NetworkError("too_big")
            if time.monotonic() - started > limits.seconds:
                raise NetworkError("late")
            into.write(piece)
            if progress:
                progress(done, total)
    except ReadTimeoutError as error:
        raise NetworkError("late") from error
    except (HTTPError, requests.RequestException) as error:
        raise NetworkError("cut") from error


def _may_follow(origin: SplitResult, target: SplitResult, hosts: Collection[str]) -> bool:
    if _origin(origin) == _origin(target):
        return True
    host = target.hostname or ""
    known = any(host == one or host.endswith(f".{one}") for one in hosts)
    return target.scheme == "https" and known


def _origin(parts: SplitResult) -> str:
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
