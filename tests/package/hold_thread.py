#!/usr/bin/env python3
"""hold_thread.py PID NAME: stops the one thread of that name (ptrace), the others run; until it is killed
or the process ends. SIGSTOP would stop all of them."""
import ctypes
import os
import sys

SEIZE, INTERRUPT = 0x4206, 0x4207  # ptrace(2)
WALL = 0x40000000  # waitpid(2) __WALL: threads too
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] + [ctypes.c_void_p] * 3


def ptrace(request, thread):
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit(f"hold_thread: ptrace: {os.strerror(ctypes.get_errno())}")


process, name = sys.argv[1:]
for thread in os.listdir(f"/proc/{process}/task"):
    with open(f"/proc/{process}/task/{thread}/comm") as comm:
        if comm.read().strip() != name:
            continue
    ptrace(SEIZE, int(thread))
    ptrace(INTERRUPT, int(thread))
    os.waitpid(int(thread), WALL)
    print(f"thread {thread} ({name}) of {process} stands still", flush=True)
    try:
        while True:
            os.waitpid(int(thread), WALL)
            # Anything but the end, a signal say: it stays where it is.
            if not os.path.exists(f"/proc/{process}/task/{thread}"):
                break
    except ChildProcessError:
        pass
    sys.exit(0)
sys.exit(f"hold_thread: {process} has no thread {name}")
