# SPDX-License-Identifier: BSD-2-Clause
"""packets.py - frames made by hand, sent past this machine's own protocols.

A Wire sends and sees frames on an interface. A Fake is a host that is not
there, with an address of its own: it answers ARP, so that whoever talks to it
is left alone by the machine's kernel, and does of TCP just what it is told.
"""
import fcntl
import os
import select
import socket
import struct
import time

SIOCGIFHWADDR = 0x8927
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
ETH_IP, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86dd
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
FAKE_MAC = bytes.fromhex('020000000077')
BROADCAST = b'\xff' * 6


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def address(text):
    return socket.inet_aton(text)


def ip(source, target, protocol, payload, ident=1, fragment=0, ttl=64,
       options=b'', length=None, version=4, wrong=0):
    """An IPv4 packet. fragment: flags and offset as they stand in the header;
    length: what it claims; wrong: added to its checksum."""
    size = 20 + len(options)
    head = struct.pack('!BBHHHBBH4s4s', version << 4 | size // 4, 0,
                       length if length is not None else size + len(payload),
                       ident, fragment, ttl, protocol, 0, address(source),
                       address(target)) + options
    total = (checksum(head) + wrong) & 0xffff
    return head[:10] + struct.pack('!H', total) + head[12:] + payload


def _pseudo(source, target, protocol, payload):
    return (address(source) + address(target) +
            struct.pack('!BBH', 0, protocol, len(payload)) + payload)


def tcp(source, target, ports, flags, seq=0, ack=0, data=b'', options=b'',
        window=65535, offset=None, wrong=0):
    """A TCP segment in its packet. ports: (source, target)."""
    words = 5 + (len(options) + 3) // 4
    options = options.ljust((words - 5) * 4, b'\0')
    head = struct.pack('!HHIIBBHHH', *ports, seq & 0xffffffff,
                       ack & 0xffffffff,
                       (words if offset is None else offset) << 4, flags,
                       window, 0, 0) + options
    total = (checksum(_pseudo(source, target, 6, head + data)) + wrong)
    head = head[:16] + struct.pack('!H', total & 0xffff) + head[18:]
    return ip(source, target, 6, head + data)


def udp(source, target, ports, data, length=None, wrong=0):
    size = 8 + len(data) if length is None else length
    head = struct.pack('!4H', *ports, size & 0xffff, 0)
    total = (checksum(_pseudo(source, target, 17, head + data)) + wrong) or 1
    return ip(source, target, 17,
              head[:6] + struct.pack('!H', total & 0xffff) + data)


def icmp(source, target, kind, code=0, rest=b'\0\0\0\0', data=b'', wrong=0):
    body = struct.pack('!BBH', kind, code, 0) + rest + data
    total = (checksum(body) + wrong) & 0xffff
    return ip(source, target, 1, body[:2] + struct.pack('!H', total) +
              body[4:])


def ping(source, target, number, data=b'', wrong=0):
    return icmp(source, target, 8, 0, struct.pack('!HH', 77, number), data,
                wrong)


def fragments(packet, size, order=None):
    """The same packet in pieces of `size` bytes of payload."""
    head, payload = packet[:20], packet[20:]
    pieces = []
    for at in range(0, len(payload), size):
        part = payload[at:at + size]
        more = 0x2000 if at + size < len(payload) else 0
        h = bytearray(head)
        h[2:4] = struct.pack('!H', 20 + len(part))
        h[6:8] = struct.pack('!H', more | at // 8)
        h[10:12] = b'\0\0'
        h[10:12] = struct.pack('!H', checksum(bytes(h)))
        pieces.append(bytes(h) + part)
    return [pieces[i] for i in order(range(len(pieces)))] if order else pieces


def arp(operation, sender_mac, sender, target_mac, target):
    return struct.pack('!HHBBH6s4s6s4s', 1, ETH_IP, 6, 4, operation,
                       sender_mac, address(sender), target_mac,
                       address(target))


class Wire:
    """An interface, and the hardware address of the server behind it."""

    def __init__(self, interface, own, server):
        """own, server: IPv4 addresses of the interface and behind it."""
        self.interface, self.own, self.server = interface, own, server
        self.s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                               socket.htons(3))
        self.s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.s.bind((interface, 0))
        self.mac = fcntl.ioctl(self.s, SIOCGIFHWADDR, struct.pack(
            '256s', interface.encode()))[18:24]
        self.fakes = set()
        self.server_mac = self._resolve()

    def announce(self, fake):
        """A fake host's answer to a question for its address."""
        self.send(arp(2, FAKE_MAC, socket.inet_ntoa(fake), self.server_mac,
                      self.server), ETH_ARP)

    def frame(self, payload, kind=ETH_IP, target=None, source=FAKE_MAC):
        return ((target or self.server_mac) + source +
                struct.pack('!H', kind) + payload)

    def raw(self, data):
        """Send; a full queue, or a frame that no interface takes, is no
        trouble of the guest's."""
        try:
            self.s.send(data)
        except OSError:
            pass

    def send(self, payload, kind=ETH_IP, **more):
        self.raw(self.frame(payload, kind, **more))

    def _resolve(self):
        for _ in range(50):
            self.server_mac = BROADCAST
            self.send(arp(1, self.mac, self.own, bytes(6), self.server),
                      ETH_ARP, source=self.mac)
            found = self.await_frame(
                lambda f: f[12:14] == b'\x08\x06' and f[20:22] == b'\0\2' and
                f[28:32] == address(self.server), 0.2)
            if found:
                return found[22:28]
        raise OSError('no answer to ARP')

    def await_frame(self, fits, seconds):
        """The next frame from the server that fits, or None."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.s], [], [], left)[0]:
                return None
            frame = self.s.recv(1 << 17)
            if frame[38:42] in self.fakes and frame[12:14] == b'\x08\x06':
                self.announce(frame[38:42])
            elif fits(frame):
                return frame

    def answers(self, packet, fits, seconds=5):
        """Whether the server answers this packet with one that fits. Asked
        several times: packets may be lost."""
        for _ in range(5):
            self.send(packet)
            if self.await_frame(lambda f: f[12:14] == b'\x08\x00' and
                                fits(f[14:]), seconds):
                return True
        return False


class Segment:
    """A TCP segment as it came."""

    def __init__(self, frame):
        packet = frame[14:]
        size = (packet[0] & 15) * 4
        total = struct.unpack('!H', packet[2:4])[0]
        segment = packet[size:total] if total else packet[size:]
        self.ports = struct.unpack('!HH', segment[:4])
        self.seq, self.ack = struct.unpack('!II', segment[4:12])
        self.flags = segment[13]
        self.window = struct.unpack('!H', segment[14:16])[0]
        self.data = segment[(segment[12] >> 4) * 4:]


class Fake:
    """A host that is not there."""

    def __init__(self, wire, ip_address):
        self.wire, self.ip = wire, ip_address
        wire.fakes.add(address(ip_address))
        wire.announce(address(ip_address))

    def segment(self, port, seconds=5, fits=lambda segment: True):
        """The next segment to this port of ours, or None."""
        def right(frame):
            return (frame[12:14] == b'\x08\x00' and frame[23] == 6 and
                    frame[30:34] == address(self.ip) and
                    Segment(frame).ports[1] == port and fits(Segment(frame)))

        frame = self.wire.await_frame(right, seconds)
        return Segment(frame) if frame else None

    def tcp(self, ports, flags, seq, ack=0, data=b'', **more):
        self.wire.send(tcp(self.ip, self.wire.server, ports, flags, seq, ack,
                           data, **more))

    def connect(self, port, own_port, window=65535, options=b''):
        """The three segments: (seq, ack) to go on with, or None."""
        seq = int.from_bytes(os.urandom(4), 'big')
        for _ in range(5):
            self.tcp((own_port, port), SYN, seq, window=window,
                     options=options)
            answer = self.segment(own_port, 2,
                                  lambda s: s.flags & (SYN | RST))
            if answer and answer.flags & SYN:
                self.tcp((own_port, port), ACK, seq + 1, answer.seq + 1,
                         window=window)
                return seq + 1, answer.seq + 1
        return None
