"""Goal: a PostgreSQL pair with a synchronous standby loses its primary to SIGKILL under load, twice. Each
time the standby is promoted, a new one is attached, and the server finds the new primary by itself.
Nothing that was accepted is lost, nothing stands twice, and an old primary that has come back is never
written to."""
import contextlib
import shutil
import time

from support import Postgres, Stack, Tills, check, check_nothing_lost_or_twice, skip, wait_until

SYNCHRONOUS = ("synchronous_standby_names=standby",)


def standby_is_synchronous(primary):
    wait_until(lambda: primary.ask("SELECT count(*) FROM pg_stat_replication WHERE state ="
                                   " 'streaming' AND sync_state = 'sync'") == "1",
               60, "a synchronous standby")


def start(nodes, settings, standby_of, folder):
    return nodes.enter_context(contextlib.closing(Postgres(settings, standby_of, folder)))


def lose_the_primary(nodes, primary, standby, folder, tills):
    """Kills it and promotes its standby, which gets a standby of its own in `folder`. The new standby, and
    how long after the kill the pair was whole and the first sale accepted."""
    tills.more(50)
    began = time.monotonic()
    primary.die()
    standby.promote()
    # Nothing is accepted yet: alone, this node could take what it accepts with it.
    fresh = start(nodes, SYNCHRONOUS, standby, folder)
    standby_is_synchronous(standby)
    whole = time.monotonic() - began
    tills.more(1, what="the first sale after the failover")
    return fresh, whole, time.monotonic() - began


def written(node):
    return node.ask("SELECT (SELECT value FROM crossfoot.meta WHERE name = 'incarnation'),"
                    " (SELECT count(*) FROM crossfoot.message)")


def main():
    if Postgres.PROGRAMS is None:
        skip("PostgreSQL's server programs are not installed")
    folders = [Postgres.new_folder() for _ in range(3)]
    url = (f"host={','.join(map(str, folders))} user=postgres dbname=postgres"
           " target_session_attrs=read-write")
    settings = 'store: {kind: postgres, url: env:STORE_URL, no_loss_on_node_failure: "on"}'
    with contextlib.ExitStack() as nodes:
        first = start(nodes, SYNCHRONOUS, None, folders[0])
        second = start(nodes, SYNCHRONOUS, first, folders[1])
        standby_is_synchronous(first)
        with Stack(settings, {"STORE_URL": url}) as stack:
            with Tills(stack) as tills:
                third, *one = lose_the_primary(nodes, first, second, folders[2], tills)
                tills.more(50)

                # The old primary comes back as if nothing had happened, first in the list of hosts.
                first.start()
                old = written(first)
                check(old != written(second), "the new primary was written to since")
                second.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                           " WHERE application_name = 'crossfoot'")
                tills.more(50, what="accepts after lost connections, with an old primary there")
                stack.server.kill()
                stack.start_server()
                tills.more(50, what="accepts after a restart, with an old primary there")
                check(written(first) == old, "an old primary was written to")

                # The second failover, while the old primary is there; then it becomes the standby.
                began = time.monotonic()
                second.die()
                third.promote()
                time.sleep(1)
                check(written(first) == old, "an old primary was written to")
                first.die()
                shutil.rmtree(folders[0] / "data")
                start(nodes, SYNCHRONOUS, third, folders[0])
                standby_is_synchronous(third)
                whole = time.monotonic() - began
                tills.more(1, what="the first sale after the second failover")
                two = whole, time.monotonic() - began
                tills.more(50)
            check(not tills.faults, tills.faults)
            check_nothing_lost_or_twice(stack, tills.accepted)
            for name, (whole, accepted) in (("first", one), ("second", two)):
                print(f"{name} failover: pair whole after {whole:.2f} s, next sale accepted after "
                      f"{accepted:.2f} s")
            print(f"{len(tills.accepted)} sales accepted, none lost, none twice; refused "
                  f"{tills.refused}")


main()
