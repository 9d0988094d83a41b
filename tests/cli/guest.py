#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""guest.py - stands in for QEMU and the guest inside it (abi/link.h).

Takes QEMU's command line, finds the two sockets and the configuration, and
does what GUEST_SCRIPT names, as a guest would on COM1 and COM2.
"""
import os
import re
import socket
import struct
import sys
import time

STDIN, SIGNAL, WINSZ, FDSTAT, TERMIOS = 1, 2, 3, 4, 5
STDERR, EXIT, TCSET, PANIC, CRASH, READY = 64, 65, 66, 67, 68, 69

line = " ".join(sys.argv)
out = socket.socket(fileno=int(re.search(r"id=out,fd=(\d+)", line)[1]))
link = socket.socket(fileno=int(re.search(r"id=link,fd=(\d+)", line)[1]))
config = open(re.search(r"-initrd (\S+)", line)[1], "rb").read()
reader = link.makefile("rb")


def put(kind, data=b""):
    link.sendall(struct.pack("<BBH", 0x5A, kind, len(data)) + data)


def get():
    while True:
        byte = reader.read(1)
        if byte != b"\0":  # the preamble
            break
    if not byte:
        sys.exit("guest.py: the line ended")
    assert byte == b"\x5a", byte
    kind, length = struct.unpack("<BH", reader.read(3))
    return kind, reader.read(length)


def end(status):
    put(EXIT, bytes([status]))
    sys.exit(0)


def report(words):
    """struct hypercall_report: registers, and whose and why: nobody's."""
    return struct.pack("<41Q", *words) + bytes(136)


def read_all(window):
    """Input to its end, with a small window, which may not be overrun."""
    data = b""
    put(READY, struct.pack("<I", window))
    left = window
    while True:
        kind, part = get()
        if kind != STDIN:
            continue
        if not part:
            return data
        assert len(part) <= left, "window overrun"
        data += part
        left -= len(part)
        put(READY, struct.pack("<I", len(part)))
        left += len(part)


kind, stats = get()
assert kind == FDSTAT and len(stats) == 48, (kind, stats)

match os.environ["GUEST_SCRIPT"]:
    case "hello":
        out.sendall(b"hello\n")
        put(STDERR, b"to stderr\n")
        end(7)
    case "config":
        sys.stderr.write("")
        out.sendall(config)
        end(0)
    case "cat":
        out.sendall(read_all(1000))
        end(0)
    case "signal":
        put(READY, struct.pack("<I", 0))
        out.sendall(b"ready\n")
        while True:
            kind, data = get()
            if kind == SIGNAL:
                out.sendall(b"signal %d\n" % data[0])
                end(128 + data[0])
    case "flood":
        put(READY, struct.pack("<I", 0))
        link.setblocking(False)
        while True:
            out.sendall(b"y\n" * 1000)
            try:
                data = link.recv(1000)
                if struct.pack("<BBHB", 0x5A, SIGNAL, 1, 13) in data:
                    link.setblocking(True)
                    end(141)
            except BlockingIOError:
                pass
    case "order":
        for i in range(200):
            out.sendall(b"%d\n" % (2 * i))
            put(STDERR, b"%d\n" % (2 * i + 1))
        end(0)
    case "crash":
        put(CRASH, b"program died: \x1b[2J\0" + report(
            [0x1111] * 23 + [1, 0x7000000800] + [0] * 15 + [0x7000000000]))
        end(139)
    case "panic":
        put(PANIC, b"kernel panic: test\0" + report([0] * 41))
        time.sleep(60)
    case "rubbish":
        link.sendall(b"rubbish, not a message")
        time.sleep(60)
    case "vanish":
        sys.exit(1)
    case "stuck":
        time.sleep(60)
    case "lingers":
        put(EXIT, b"\x05")
        time.sleep(60)
