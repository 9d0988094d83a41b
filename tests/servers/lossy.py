# SPDX-License-Identifier: BSD-2-Clause
"""lossy.py - a bad line between this machine and a server.

Not netem, which not every kernel has: this machine's address moves to a tap of
this process, which carries frames between it and the server's interface, and
loses, doubles and exchanges some of them on the way.
"""
import fcntl
import os
import select
import socket
import struct
import threading

from wires import ip

TUNSETIFF, TUNSETOFFLOAD = 0x400454ca, 0x400454d0
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x2, 0x1000, 0x4000
SOL_PACKET, PACKET_VNET_HDR = 263, 15
LINE = 'line'
FRAME_MAX = 1 << 17


def tap(name):
    fd = os.open('/dev/net/tun', os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack(
        '16sH', name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    fcntl.ioctl(fd, TUNSETOFFLOAD, 0)  # packets as small as the line's
    return fd


class Direction:
    """Frames one way: some are lost, doubled, or overtaken by the next."""

    def __init__(self, relay, send):
        self.relay, self.send, self.held = relay, send, None

    def carry(self, frame):
        dice = self.relay.random.random()
        if dice < 0.01:
            self.relay.lost += 1
            return
        if dice < 0.02 and self.held is None:
            self.held = frame
            return
        self.send(frame)
        if dice > 0.99:
            self.relay.doubled += 1
            self.send(frame)
        self.release()

    def release(self):
        """Let go what was held back, the latest after a silence."""
        frame, self.held = self.held, None
        if frame:
            self.send(frame)


class Relay:
    def __init__(self, wire, random):
        self.wire, self.random = wire, random
        self.lost = self.doubled = 0
        self.end = threading.Event()

    def __enter__(self):
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                               socket.htons(3))
        self.s.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.s.bind((self.wire.interface, 0))
        self.fd = tap(LINE)
        # The machine must not see what comes before it has come by the line.
        self._set('rp_filter', 1)
        self._set('arp_ignore', 1)
        self._move(self.wire.interface, LINE)
        self.thread = threading.Thread(target=self._carry)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()
        os.close(self.fd)
        self.s.close()
        ip('addr', 'add', self.wire.own + '/24', 'dev', self.wire.interface)
        self._set('rp_filter', 0)
        self._set('arp_ignore', 0)

    def _set(self, what, value):
        with open('/proc/sys/net/ipv4/conf/%s/%s' % (
                self.wire.interface, what), 'w', encoding='ascii') as f:
            f.write(str(value))

    def _move(self, old, new):
        ip('link', 'set', new, 'address',
           ':'.join('%02x' % b for b in self.wire.mac))
        ip('addr', 'del', self.wire.own + '/24', 'dev', old)
        ip('addr', 'add', self.wire.own + '/24', 'dev', new)
        ip('link', 'set', new, 'up')

    def _to_machine(self, frame):
        try:
            os.write(self.fd, frame)
        except OSError:
            pass  # a line may lose

    def _to_server(self, frame):
        try:
            self.s.send(frame)
        except OSError:
            pass

    def _carry(self):
        inward = Direction(self, self._to_machine)
        outward = Direction(self, self._to_server)
        while not self.end.is_set():
            ready = select.select([self.s, self.fd], [], [], 0.02)[0]
            if self.s in ready:
                frame, where = self.s.recvfrom(FRAME_MAX)
                if where[2] != socket.PACKET_OUTGOING:
                    inward.carry(frame)
            if self.fd in ready:
                outward.carry(os.read(self.fd, FRAME_MAX))
            if not ready:
                inward.release()
                outward.release()
