"""Sheets: CSV as people have it, a row at a time, each with the line that it begins on."""

import codecs
import csv
import gzip
import io
import re
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, cast

from service.mapping.keys import MapError, Section

GZIP = b"\x1f\x8b"
IN_MEMORY = 16 * 1024 * 1024
EVERY = 1000
"""Rows between looks at how far the file has been read."""

_UNDECODED = re.compile("[\udc80-\udcff]")
csv.field_size_limit(1024 * 1024)


class SheetError(Exception):
    """A row that cannot be read: why."""


class SheetRow(NamedTuple):
    """A row: its cells, or why it has none."""

    number: int  # the line of the file on which it begins, from 1
    cells: list[str]
    error: SheetError | None = None


class Source:
    """A file that can be read more than once, compressed with gzip or not; '-' is stdin."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._kept: IO[bytes] | None = None
        if name == "-":
            self._keep(sys.stdin.buffer)
        elif not Path(name).is_file():  # such as a pipe; what is not there is said by open
            with Path(name).open("rb") as content:
                self._keep(content)

    def _keep(self, content: IO[bytes]) -> None:
        # Closed with the process: a sheet is read until its last row.
        self._kept = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
        shutil.copyfileobj(content, self._kept)

    @property
    def size(self) -> int:
        """Bytes to read, for showing how far it is; 0: nobody knows."""
        return 0 if self._kept else Path(self.name).stat().st_size

    def beside(self, name: str) -> "Source":
        """Return another file, named as seen from the folder of this one."""
        folder = Path() if self.name == "-" else Path(self.name).parent
        return Source(str(folder / name))

    @contextmanager
    def reading(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """Give the file as it is stored, and its content, from the beginning."""
        if self._kept:
            self._kept.seek(0)
            yield self._kept, self._content(self._kept)
            return
        with Path(self.name).open("rb") as stored:
            yield stored, self._content(stored)

    @staticmethod
    def _content(stored: IO[bytes]) -> IO[bytes]:
        begins = stored.read(len(GZIP))
        stored.seek(0)
        return cast(IO[bytes], gzip.open(stored)) if begins == GZIP else stored

    def close(self) -> None:
        """Forget what was kept."""
        if self._kept:
            self._kept.close()


@dataclass(frozen=True)
class Dialect:
    """How a sheet is written."""

    path: str  # of the keys that say so
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    skip: int = 0  # lines before the header
    columns: tuple[str, ...] = ()  # where there is no header
    trim: bool = True
    ragged: bool = False  # a short row lacks its last cells

    @classmethod
    def of(cls, section: Section, default: "Dialect | None" = None) -> "Dialect":
        """Return what a section of a map says. Raises MapError."""
        base = default or cls("table")
        dialect = cls(
            section.path,
            section.take("encoding", str, base.encoding),
            section.take("delimiter", str, base.delimiter),
            section.take("quote", str, base.quote),
            section.take("skip", int, base.skip),
            tuple(map(str, section.take("columns", list, []))),
            section.take("trim", bool, base.trim),
            section.take("ragged", bool, base.ragged),
        )
        for key, mark in (("delimiter", dialect.delimiter), ("quote", dialect.quote)):
            if len(mark) != 1 or mark in "\r\n":
                raise MapError(section.at(key), 'must be one character, such as ";" or "\\t"')
        if dialect.delimiter == dialect.quote:
            raise MapError(section.at("delimiter"), "must be another character than quote")
        if dialect.skip < 0:
            raise MapError(section.at("skip"), "must be 0 or more: the lines before the header")
        try:
            io.TextIOWrapper(io.BytesIO(), dialect.encoding)
        except (LookupError, ValueError):  # of no text, such as base64, too
            known = "utf-8, windows-1252, iso-8859-1, utf-16"
            message = f"{dialect.encoding!r} is not an encoding: there are {known} and others"
            raise MapError(section.at("encoding"), message) from None
        return dialect

    @property
    def codec(self) -> str:
        """The encoding as Python calls it: UTF-8 with a byte order mark or without."""
        name = codecs.lookup(self.encoding).name
        return "utf-8-sig" if name == "utf-8" else name


class Sheet:
    """One sheet of a dialect."""

    def __init__(self, source: Source, dialect: Dialect) -> None:
        """Read its header. Raises MapError where it has none."""
        self.source = source
        self.dialect = dialect
        self.columns = list(dialect.columns) or self._header()

    def _header(self) -> list[str]:
        for row in self._rows():
            if row.error:
                raise MapError(self.dialect.path, f"{self.source.name}: {row.error}")
            return [cell.strip() for cell in row.cells]
        raise MapError("", f"{self.source.name} is empty: the first row says what its columns are")

    def rows(self, told: Callable[[int], None] = lambda _: None) -> Iterator[SheetRow]:
        """Yield the rows under the header that are not blank. `told` how many bytes were read."""
        rows = self._rows(told)
        if not self.dialect.columns:
            next(rows, None)
        width = len(self.columns)
        for row in rows:
            found = len(row.cells)
            if row.error or found == width:
                yield row
            elif found < width and self.dialect.ragged:
                yield row._replace(cells=row.cells + [""] * (width - found))
            elif any(row.cells):
                yield row._replace(cells=[], error=SheetError(self._width(found, width)))

    def _width(self, found: int, width: int) -> str:
        if found > width:
            return (
                f"has {found} cells, and there are {width} columns: is a cell that has a "
                f"{self.dialect.delimiter!r} without its quotation marks?"
            )
        return (
            f"has {found} cells, and there are {width} columns: if the last ones are empty, say "
            f"ragged = true under [{self.dialect.path}]"
        )

    def _rows(self, told: Callable[[int], None] = lambda _: None) -> Iterator[SheetRow]:
        dialect = self.dialect
        with self.source.reading() as (stored, content):
            text = io.TextIOWrapper(content, dialect.codec, "surrogateescape", newline="")
            try:
                for _ in range(dialect.skip):
                    text.readline()
                yield from self._read(text, stored, told)
            finally:
                text.detach()

    def _read(
        self, text: io.TextIOWrapper, stored: IO[bytes], told: Callable[[int], None]
    ) -> Iterator[SheetRow]:
        dialect = self.dialect
        reader = csv.reader(text, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=True)
        position, read = 0, 0
        while True:
            number = dialect.skip + reader.line_num + 1
            try:
                cells = next(reader, None)
            except (csv.Error, UnicodeError, EOFError, OSError, zlib.error) as error:
                yield SheetRow(number, [], SheetError(self._broken(error)))
                return
            if cells is None:
                return
            read += 1
            if read % EVERY == 0:
                told(stored.tell() - position)
                position = stored.tell()
            if not any(cells):
                continue
            yield self._row(number, cells)

    def _row(self, number: int, cells: list[str]) -> SheetRow:
        whole = "".join(cells)
        if not whole.isascii() and (bad := _UNDECODED.search(whole)):
            byte = ord(bad[0]) - 0xDC00
            message = (
                f"byte 0x{byte:02x} is not {self.dialect.encoding}: say what it is under "
                f'[{self.dialect.path}], such as encoding = "windows-1252"'
            )
            return SheetRow(number, [], SheetError(message))
        if self.dialect.trim:
            return SheetRow(number, [cell.strip() for cell in cells])
        return SheetRow(number, [cell if cell.strip() else "" for cell in cells])

    def _broken(self, error: Exception) -> str:
        why = {
            "unexpected end of data": "a quotation mark is never closed",
            f"'{self.dialect.delimiter}' expected after '{self.dialect.quote}'": (
                "a quotation mark within a cell stands alone: double it"
            ),
        }.get(str(error), str(error))
        if isinstance(error, UnicodeError):
            why = f"it is not {self.dialect.encoding} ({error})"
        return f"{why}. The table is read no further"
