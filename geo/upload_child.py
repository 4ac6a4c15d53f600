"""The process that reads an uploaded file: limits first, then the file, then one answer.

Started by ``geo.sandbox`` as ``python -m geo.upload_child ORDER``, the file on standard input.
"""

import contextlib
import json
import os
import sys

REFUSED, OUT_OF_MEMORY = 3, 4


def _limit(memory_bytes: int, processor_s: int) -> None:
    import resource

    wanted = (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, processor_s),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 2**30),
    )
    for kind, most in wanted:
        # Some systems refuse one of them; the others and the parent's clock still hold.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def main(order: str) -> int:
    """Read the file of standard input under the limits of ``order`` and write the answer.

    How far it is goes to the descriptor ``progress`` of the order, a line a time: a share from 0 to
    1 and a key of ``geo.uploads.STEPS``. The answer is an Arrow stream whose metadata say what was
    found, or a JSON refusal. Returns the exit code: 0 read, 3 refused, 4 out of memory.
    """
    told = json.loads(order)
    _limit(told["memory_bytes"], told["processor_s"])
    try:
        return _answer(told["name"], told["sheet"], told["progress"])
    except MemoryError:
        return OUT_OF_MEMORY


def _answer(name: str, sheet: str | None, progress: int) -> int:
    import pyarrow as pa

    from geo.errors import AtlasError
    from geo.uploads import read_upload

    def tell(share: float, step: str) -> None:
        """Write the share read, 0 to 1, to the parent."""
        # Nobody listening any more is no reason to stop.
        with contextlib.suppress(OSError):
            os.write(progress, b"%.3f %s\n" % (share, step.encode()))

    content = sys.stdin.buffer.read()
    try:
        upload = read_upload(content, name, sheet, tell)
    except AtlasError as error:
        sys.stdout.buffer.write(json.dumps({"message": str(error)}).encode())
        return REFUSED
    del content
    words = {
        "kind": upload.kind,
        "row": upload.row,
        "sheet": upload.sheet,
        "sheets": upload.sheets,
        "long_lines": upload.long_lines,
        "notes": upload.notes,
    }
    table = upload.table.replace_schema_metadata({"upload": json.dumps(words)})
    with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
        stream.write_table(table, max_chunksize=65_536)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
