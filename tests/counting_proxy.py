"""A loopback proxy that counts the bytes of a connection, as they travel."""

import socket
import threading
from urllib.parse import urlsplit


class CountingProxy:
    """Listens on 127.0.0.1 and passes everything to `target`; `received` counts what comes back."""

    def __init__(self, target: str) -> None:
        self.received = 0
        self._target = ("127.0.0.1", urlsplit(target).port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening; open connections end with the browser's."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                browser, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._target)
            for source, sink, counts in ((browser, server, False), (server, browser, True)):
                pump = threading.Thread(target=self._pump, args=(source, sink, counts), daemon=True)
                pump.start()

    def _pump(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        try:
            while data := source.recv(65536):
                self.received += len(data) if counts else 0
                sink.sendall(data)
        except OSError:
            pass
        finally:
            source.close()
            sink.close()
