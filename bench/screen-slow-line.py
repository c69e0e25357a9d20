"""Emulates a slow terminal line: screen-slow-line.py COLUMNS ROWS BYTES_PER_SECOND COMMAND...

Runs the command on a pseudo-terminal and reads at most that many bytes per second from it. Output is
copied to standard output, and standard input is typed.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

columns, rows, bytes_per_second = map(int, sys.argv[1:4])
pid, terminal = pty.fork()
if pid == 0:
    size = struct.pack("HHHH", rows, columns, 0, 0)
    fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execvp(sys.argv[4], sys.argv[4:])


def terminate(*_):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    sys.exit(0)


signal.signal(signal.SIGTERM, terminate)
READ_BYTES = 64
inputs = [0]
next_read = time.monotonic()
while True:
    wait = next_read - time.monotonic()
    readable = [terminal] if wait <= 0 else []
    ready, _, _ = select.select(inputs + readable, [], [], None if wait <= 0 else wait)
    if 0 in ready:
        typed = os.read(0, 4096)
        if typed:
            os.write(terminal, typed)
        else:
            inputs = []
    if terminal in ready:
        try:
            written = os.read(terminal, READ_BYTES)
        except OSError:
            break
        if not written:
            break
        os.write(1, written)
        next_read = max(next_read, time.monotonic() - 0.05) + len(written) / bytes_per_second
