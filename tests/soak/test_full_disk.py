"""A disk without space: writes are refused and say why, reads go on, and so does it all later."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.loads import Load, Service, assert_whole, serving

pytestmark = pytest.mark.soak


class Disk(NamedTuple):
    """A small disk: the folder that it is, and how to let it be full, and have space again."""

    folder: Path
    fill: Callable[[Service], None]
    free: Callable[[Service], None]
    told: str  # how a refusal begins


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Give a disk of 8 MiB. Where none may be mounted, no file grows while it is 'full'."""
    mount = ("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder)
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        full, free = (lambda service: limit(service, 0)), (lambda service: limit(service, -1))
        yield Disk(folder, full, free, "The database does not answer")
        return
    try:
        filler = folder / "filler"
        yield Disk(folder, lambda _: fill(filler), lambda _: filler.unlink(), "The disk is full")
    finally:
        subprocess.run(("umount", "--lazy", folder), check=True)


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(bytes(4096))


def limit(service: Service, size: int) -> None:
    """Let no file of the service's processes be written beyond a size; -1: there is none."""
    for worker in service.workers():
        _, hard = resource.prlimit(worker, resource.RLIMIT_FSIZE)
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (size, hard))


def test_a_full_disk_refuses_writes_clearly_while_reads_go_on_and_both_go_on_after(
    tmp_path: Path,
) -> None:
    with (
        small_disk(tmp_path) as disk,
        serving(f"sqlite:///{disk.folder / 'a.db'}", 2) as service,
    ):
        with Load(service) as load:
            load.wait_for_more()
            disk.fill(service)
            load.wait_for_trouble(20)
            for name in load.acknowledged[:20]:
                assert service.ask("GET", f"/v1/reports/{name}").status == 200
            question = service.ask("GET", "/v1/parties/ukraine/positions/nato")
            assert (question.status, question.body["position"]) == (200, "support")
            disk.free(service)
            load.wait_for_more()
        assert [answer for answer in load.troubles() if not answer.is_clear] == []
        assert all(answer.body["detail"].startswith(disk.told) for answer in load.troubles())
        assert_whole(service, load)
