"""The servers that faults are tried on do as they are told."""

from tests import servers

COUNT = "SELECT count(*) FROM note"


def test_a_replica_shows_what_its_primary_committed_and_falls_behind_on_demand() -> None:
    with servers.primary() as primary, servers.replica_of(primary) as replica:
        primary.execute("CREATE TABLE note AS SELECT 1")
        replica.wait_until_caught_up()
        assert replica.execute(COUNT) == [(1,)]
        replica.pause_replay()
        primary.execute("INSERT INTO note VALUES (2)")
        assert (primary.execute(COUNT), replica.execute(COUNT)) == ([(2,)], [(1,)])
        replica.resume_replay()
        replica.wait_until_caught_up()
        assert replica.execute(COUNT) == [(2,)]


def test_a_server_has_what_it_committed_after_a_crash_and_after_a_kill() -> None:
    with servers.primary() as server:
        assert server.execute("SHOW fsync") == [("on",)]
        server.execute("CREATE TABLE note AS SELECT 1")
        server.stop("immediate")
        server.start()
        server.execute("INSERT INTO note VALUES (2)")
        server.kill9()
        assert not server.is_running
        server.start()
        assert server.execute(COUNT) == [(2,)]
