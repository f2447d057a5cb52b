"""Goal: the story ties out by itself, with exit status 0 and the three sides compared."""
import subprocess

from support import BINARY, check

done = subprocess.run([str(BINARY), "demo", "--once"], capture_output=True, text=True, timeout=300)
check(done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}")
check("0 breaks" in done.stdout and "Everything ties out" in done.stdout, done.stdout)
check("0 refused" in done.stdout, done.stdout)
print(done.stdout)
