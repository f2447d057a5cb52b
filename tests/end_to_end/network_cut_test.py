"""Goal: the network between the server and its targets is cut under load, both ways and for the answers
alone, and restored. What was under way is resolved by asking, nothing is lost, nothing stands twice."""
import os
import shutil
import subprocess
import time

from support import Stack, Tills, ask, check, check_nothing_lost_or_twice, skip, wait_until

NAME = f"cf{os.getpid()}"
HERE, THERE = "10.213.77.1", "10.213.77.2"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, f"{' '.join(command)}: {done.stderr.strip()}"


def must(*command):
    fine, text = run(*command)
    check(fine, text)


class Network:
    """A network namespace for the targets, joined to ours by a pair of virtual interfaces."""

    def __init__(self):
        if os.geteuid() != 0:
            skip("a network namespace needs root")
        if shutil.which("ip") is None:
            skip("there is no ip (package iproute2)")
        fine, text = run("ip", "netns", "add", NAME)
        if not fine:
            skip(f"no network namespace here: {text}")
        try:
            fine, text = run("ip", "link", "add", f"{NAME}a", "type", "veth", "peer", "name",
                             f"{NAME}b", "netns", NAME)
            if not fine:
                skip(f"no virtual interfaces here: {text}")
            must("ip", "address", "add", f"{HERE}/24", "dev", f"{NAME}a")
            must("ip", "link", "set", f"{NAME}a", "up")
            self._there("ip", "address", "add", f"{THERE}/24", "dev", f"{NAME}b")
            self._there("ip", "link", "set", "lo", "up")
            self._there("ip", "link", "set", f"{NAME}b", "up")
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _there(*command):
        must("ip", "netns", "exec", NAME, *command)

    def cut(self):
        """Nothing passes in either direction."""
        self._there("ip", "link", "set", f"{NAME}b", "down")

    def restore(self):
        self._there("ip", "link", "set", f"{NAME}b", "up")

    def cut_answers(self):
        """Requests arrive and are carried out; no answer comes back."""
        self._there("ip", "route", "add", "blackhole", f"{HERE}/32")

    def restore_answers(self):
        self._there("ip", "route", "del", "blackhole", f"{HERE}/32")

    def close(self):
        run("ip", "link", "del", f"{NAME}a")
        run("ip", "netns", "del", NAME)


def calls_under_way(stack):
    _, overview, _ = ask(f"{stack.server.url}/v1/overview")
    return overview["flows"]["open"]


def cut_and_restore(stack, tills, cut, restore):
    """How many flows had to wait, and how long after the repair everything was at rest."""
    tills.more(100)
    cut()
    # Longer than a call's deadline: what was under way has an unknown outcome.
    tills.more(200, what="accepts while the network is cut")
    time.sleep(6)
    waiting = calls_under_way(stack)
    check(waiting > 100, f"only {waiting} flows wait: the cut was not felt")
    restore()
    return waiting


def main():
    network = Network()
    try:
        with Stack(sandbox_prefix=("ip", "netns", "exec", NAME), sandbox_address=THERE) as stack:
            for first, name, cut, restore in (
                    (1, "both ways", network.cut, network.restore),
                    (1_000_001, "answers", network.cut_answers, network.restore_answers)):
                with Tills(stack, count=2, first=first) as tills:
                    waiting = cut_and_restore(stack, tills, cut, restore)
                    tills.more(100, what="accepts after the repair")
                began = time.monotonic()
                wait_until(lambda: calls_under_way(stack) == 0, 180, "every leg to come to rest")
                rest = time.monotonic() - began
                check(not tills.faults, tills.faults)
                check_nothing_lost_or_twice(stack, tills.accepted)
                print(f"cut of {name}: {len(tills.accepted)} sales accepted, {waiting} waited for the "
                      f"network, none lost, none twice; all at rest {rest:.1f} s after the load")
    finally:
        network.close()


main()
