# SPDX-License-Identifier: BSD-2-Clause
"""lossy.py - a bad line between this machine and a server.

Not netem, which not every kernel has: this machine's address moves to a tap of
another process, line.c, which carries packets between it and the server's
interface, and loses, doubles and delays some of them on the way.
"""
import os
import subprocess

import wires
from wires import ip

HERE = os.path.dirname(os.path.abspath(__file__))
LINE = 'line'
QUEUE = '10000'


def compile_line(place):
    """The program of a line."""
    program = os.path.join(place, 'line')
    subprocess.run(['gcc', '-O2', os.path.join(HERE, 'line.c'), '-o', program],
                   check=True)
    return program


class Relay:
    """A line, from here to the end of `with`.

    inward, outward: what happens to packets from the server, and to those to
    it, as line.c names it: {'loss': 1, 'burst': 4}. After the end `counts` has
    of each way how many were carried, lost, doubled and late."""

    def __init__(self, program, wire, seed=6, inward=(), outward=()):
        self.wire = wire
        self.command = [program, wire.interface, LINE, str(seed)]
        for name, way in (('in', inward), ('out', outward)):
            self.command += [name] + ['%s=%s' % item
                                      for item in dict(way).items()]
        self.counts = {}

    def __enter__(self):
        ip('tuntap', 'add', 'dev', LINE, 'mode', 'tap', 'vnet_hdr')
        self.p = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, preexec_fn=wires.end_with_parent)
        if self.p.stdout.readline() != 'ready\n':
            raise OSError('the line does not begin')
        # The machine must not see what comes before it has come by the line.
        self._set('rp_filter', 1)
        self._set('arp_ignore', 1)
        self._move(self.wire.interface, LINE)
        for device in (self.wire.interface, LINE):
            ip('link', 'set', device, 'txqueuelen', QUEUE)
        return self

    def __exit__(self, *_):
        out = self.p.communicate()[0]
        for words in map(str.split, out.splitlines()):
            self.counts[words[0]] = [int(word) for word in words[1:]]
        ip('link', 'del', LINE)
        ip('addr', 'add', self.wire.own + '/24', 'dev', self.wire.interface)
        self._set('rp_filter', 0)
        self._set('arp_ignore', 0)
        if self.p.returncode != 0:
            raise OSError('the line broke')

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
