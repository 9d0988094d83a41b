# SPDX-License-Identifier: BSD-2-Clause
"""streams.py - the client of stream.c: streams of which every byte is known,
requests of a fixed size, and what the server's TCP has counted.
"""
import os
import socket
import subprocess
import time

import clients
from clients import check

HERE = os.path.dirname(os.path.abspath(__file__))
PORT = 5002
PERIOD = 251
SO_RCVBUFFORCE = 33
CHUNK = 256 << 10
PATTERN = memoryview(bytes(range(PERIOD)) * (CHUNK // PERIOD + 2))


def compile_server(place):
    """The program, static: a guest of it has nothing else."""
    program = os.path.join(place, 'stream')
    subprocess.run(['gcc', '-O2', '-static', '-pthread',
                    os.path.join(HERE, 'stream.c'), '-o', program],
                   check=True)
    return program


def begin(context, *words):
    s = clients.connect(context, PORT)
    # As the server: the machine's default may be another.
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b'cubic')
    s.sendall((' '.join(map(str, words)) + '\n').encode())
    return s


def ready(context):
    clients.connect(context, PORT, 1).close()


def download(context, length):
    """Receive what the server sends: MB/s."""
    with begin(context, 's', length) as s:
        began, done, buf = time.monotonic(), 0, bytearray(CHUNK)
        while done < length:
            count = s.recv_into(buf)
            check(count, 'the stream ends after', done)
            at = done % PERIOD
            check(memoryview(buf)[:count] == PATTERN[at:at + count],
                  'the stream differs near', done)
            done += count
        return length / 1e6 / (time.monotonic() - began)


def upload(context, length):
    """Send, and have the server say that all has come: MB/s."""
    with begin(context, 'r', length) as s:
        began, done = time.monotonic(), 0
        while done < length:
            at = done % PERIOD
            done += s.send(PATTERN[at:at + min(CHUNK, length - done)])
        check(s.recv(1) == b'+', 'the server got another stream')
        return length / 1e6 / (time.monotonic() - began)


def echoes(context, count, size=600):
    """Requests a second, one after the other."""
    with begin(context, 'e', size) as s:
        began = time.monotonic()
        for _ in range(count):
            s.sendall(PATTERN[:size])
            check(s.recv(size, socket.MSG_WAITALL) == PATTERN[:size],
                  'another echo')
        return count / (time.monotonic() - began)


def ask(context, *words):
    """All that the server answers."""
    with begin(context, *words) as s:
        parts = []
        while True:
            parts.append(s.recv(1 << 16))
            if not parts[-1]:
                return b''.join(parts).decode()


def datagrams(context, count, gap_us):
    """Have datagrams sent here, and say nothing meanwhile: how many of them
    came, and how many the server could not send."""
    with socket.socket(type=socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        s.bind(('', PORT))
        s.settimeout(5)
        came = 0
        with begin(context, 'd', count, gap_us) as control:
            try:
                while came < count:
                    s.recv(2048)
                    came += 1
            except TimeoutError:
                pass
            control.sendall(b'?')
            control.settimeout(60)
            return came, int(control.recv(32))


def counters(context):
    """{'RetransSegs': ...}: what the server's TCP has counted."""
    lines = ask(context, 'c').splitlines()
    found = {}
    for names, values in zip(lines[::2], lines[1::2]):
        if names.startswith(('Tcp:', 'TcpExt:')):
            found.update(zip(names.split()[1:],
                             map(int, values.split()[1:])))
    return found
