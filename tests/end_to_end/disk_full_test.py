"""Goal: the file system below the data folder fills up under load and is freed again. Before its end the
server sheds load with honest 503s; at its very end it still loses nothing, repeats no effect, answers
what it can, and goes on by itself as soon as there is space."""
import ctypes
import errno
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from support import Stack, Tills, ask, check, check_nothing_lost_or_twice, skip, wait_until

CLONE_NEWNS = 0x00020000
SIZE_MB = 128
MB = 1 << 20


def small_file_system():
    """A tmpfs in a mount namespace of this process: gone with it, and seen by its children only."""
    if os.geteuid() != 0:
        skip("mounting a small file system needs root")
    if shutil.which("mount") is None:
        skip("there is no mount")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        skip(f"no mount namespace here: {os.strerror(ctypes.get_errno())}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="crossfoot-small-disk-"))
    for command in (["mount", "--make-rprivate", "/"],
                    ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", str(folder)]):
        run = subprocess.run(command, capture_output=True, text=True)
        if run.returncode != 0:
            skip(f"{' '.join(command)}: {run.stderr.strip()}")
    return folder


def free_bytes(folder):
    figures = os.statvfs(folder)
    return figures.f_bavail * figures.f_frsize


def fill(folder, leave):
    """Takes all but some `leave` bytes away, or all when the server is faster."""
    with open(folder / "filler", "wb", buffering=0) as file:
        missing = free_bytes(folder) - leave
        while missing > 0:
            try:
                missing -= file.write(b"x" * min(missing, MB))
            except OSError as fault:
                check(fault.errno == errno.ENOSPC, fault)
                return


def free(folder):
    (folder / "filler").unlink()


def sheds_before_the_end(folder):
    """With the limit that every server has, live traffic is refused while there is still space."""
    with Stack("shed: {disk_free_mb: 32}", data=folder / "shed") as stack:
        with Tills(stack) as tills:
            tills.more(50)
            fill(folder, 42 * MB)
            wait_until(lambda: sum(tills.refused.values()) > 20 or tills.faults, 60, "refusals")
            check(not tills.faults, tills.faults)
            check(free_bytes(folder) > 8 * MB, "refused only when it was too late")
            status, ready, _ = ask(f"{stack.server.url}/v1/overview")
            check(status == 200, f"reads go on: {status} {ready}")
            pid = stack.server.process.pid
            free(folder)
            recovery = tills.more(50, what="accepts after the disk was freed")
            check(stack.server.process.pid == pid and stack.server.process.poll() is None,
                  "it went on without a restart")
        check_nothing_lost_or_twice(stack, tills.accepted)
    return len(tills.accepted), dict(tills.refused), recovery


def survives_the_end(folder):
    """Without any limit the disk is really full in the middle of commits, three times."""
    recoveries = []
    with Stack("shed: {disk_free_mb: 0}", data=folder / "full") as stack:
        with Tills(stack) as tills:
            for _ in range(3):
                tills.more(100)
                fill(folder, MB // 2)
                wait_until(lambda: free_bytes(folder) == 0 or tills.faults, 60, "a full disk")
                refused = sum(tills.refused.values())
                wait_until(lambda: sum(tills.refused.values()) > refused + 30 or tills.faults, 60,
                           "refusals")
                check(not tills.faults, tills.faults)
                check(stack.server.process.poll() is None, "it ended")
                time.sleep(1)
                free(folder)
                recoveries.append(tills.more(100, what="accepts after the disk was freed"))
            # Killed while it is full, it opens as soon as there is space.
            fill(folder, MB // 2)
            wait_until(lambda: free_bytes(folder) == 0 or tills.faults, 60, "a full disk")
            stack.server.kill()
            free(folder)
            stack.start_server()
            tills.more(100, what="accepts after the restart")
        check_nothing_lost_or_twice(stack, tills.accepted)
    return len(tills.accepted), dict(tills.refused), max(recoveries)


def main():
    folder = small_file_system()
    try:
        for story in (sheds_before_the_end, survives_the_end):
            accepted, refused, recovery = story(folder)
            print(f"{story.__name__}: {accepted} sales accepted, none lost, none twice; refused "
                  f"{refused}; the next sales {recovery:.2f} s after space came")
            for left in folder.iterdir():
                shutil.rmtree(left)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


main()
