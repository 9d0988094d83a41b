# SPDX-License-Identifier: BSD-2-Clause
"""wires.py - what tests/bench/network.py measures and trouble.py disturbs: a
tap to a guest, a veth pair to the same program natively, in network namespaces
that end with this process.

A guest has the address GUEST behind the tap, a native server NATIVE behind the
veth pair: the same kernel of this machine's is on the client's side of both.
"""
import ctypes
import os
import signal
import socket
import struct
import subprocess
import time

import clients
import common

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)
TAP = 'tap0'
GUEST, NATIVE = '10.0.3.2', '10.0.4.2'
ADDRESS = ['--ip', GUEST + '/24', '--gateway', '10.0.3.1']
READY_S = 60


def end_with_parent():
    """For a child: it ends when this process does, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    common.default_signals()


def ip(*words):
    subprocess.run(['ip'] + list(words), check=True,
                   stdout=subprocess.DEVNULL)


def start(command, log=subprocess.DEVNULL):
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                            stderr=log, preexec_fn=end_with_parent)


class Wires:
    """Made once: from then on this process is in a namespace of its own."""

    def __init__(self):
        uid = os.geteuid()
        if LIBC.unshare(CLONE_NEWNET | (CLONE_NEWUSER if uid else 0)) != 0:
            raise OSError(ctypes.get_errno(), 'no network namespace')
        if uid:
            with open('/proc/self/uid_map', 'w', encoding='ascii') as f:
                f.write('0 %d 1' % uid)
        ip('link', 'set', 'lo', 'up')
        ip('tuntap', 'add', 'dev', TAP, 'mode', 'tap')
        ip('addr', 'add', '10.0.3.1/24', 'dev', TAP)
        ip('link', 'set', TAP, 'up')
        self.far = start(['unshare', '--net', 'sleep', 'infinity'])
        self._join()

    def _join(self):
        """The veth pair: it can be moved once the other namespace is there."""
        ip('link', 'add', 'name', 'near', 'type', 'veth', 'peer', 'name',
           'far')
        own = os.readlink('/proc/self/ns/net')
        while os.readlink('/proc/%d/ns/net' % self.far.pid) == own:
            time.sleep(0.01)
        ip('link', 'set', 'far', 'netns', str(self.far.pid))
        ip('addr', 'add', '10.0.4.1/24', 'dev', 'near')
        ip('link', 'set', 'near', 'up')
        for words in ('addr add %s/24 dev far' % NATIVE, 'link set far up',
                      'link set lo up'):
            subprocess.run(self.there() + ['ip'] + words.split(), check=True)

    def there(self):
        """The command before one that is to run behind the veth pair."""
        return ['nsenter', '--net=/proc/%d/ns/net' % self.far.pid]


class Context:
    """What the clients of tests/servers want to know."""

    def __init__(self, address):
        self.address = address


class Server:
    """Something that runs and answers at an address."""

    def __init__(self, address, command):
        self.address = address
        self.context = Context(address)
        self.began = time.monotonic()
        self.p = start(command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def await_answer(self, ready, limit=READY_S):
        """Until ready(Context) does not raise. Connecting is tried often: the
        host repeats a SYN that was lost only after a second."""
        while True:
            try:
                return ready(self.context)
            except (OSError, clients.Wrong):
                if self.p.poll() is not None:
                    raise RuntimeError('the server ended with status %d' %
                                       self.p.returncode)
                if time.monotonic() > self.began + limit:
                    raise RuntimeError('no answer within %d s' % limit)
                time.sleep(0.005)

    def stop(self):
        if self.p.poll() is None:
            self.p.terminate()
            try:
                self.p.wait(10)
            except subprocess.TimeoutExpired:
                self.p.kill()
                self.p.wait()


class Native(Server):
    def __init__(self, wires, command):
        super().__init__(NATIVE, wires.there() + command)


class Guest(Server):
    """On the monitor with KVM."""

    def __init__(self, b, image, memory='512M', cpus=1):
        super().__init__(GUEST, [b.samara, 'run', '--vmm', 'monitor', '-m',
                                 memory, '--cpus', str(cpus), '--net',
                                 'tap:' + TAP, image])


class Emulated(Server):
    """On QEMU's microvm under TCG, with the instructions counted."""

    def __init__(self, b, image, memory='64M', counted=True):
        self.live = os.path.join(b.place, 'live')
        with open(self.live, 'wb') as f:
            f.write(bytes(24))
        plugin = b.plugin(os.path.join(b.place, 'counts'),
                          self.live) if counted else []
        super().__init__(GUEST, [
            'qemu-system-x86_64', '-M', 'microvm', '-accel', 'tcg', '-m',
            memory, '-kernel', image, '-nodefaults', '-no-reboot', '-display',
            'none', '-serial', 'file:' + os.path.join(b.place, 'serial'),
            '-netdev', 'tap,id=n,ifname=%s,script=no,downscript=no' % TAP,
            '-global', 'virtio-mmio.force-legacy=false',
            '-device', 'virtio-net-device,netdev=n'] + plugin)
        self.parts = []

    def words(self):
        with open(self.live, 'rb') as f:
            return struct.unpack('<3Q', f.read(24))

    def count(self):
        return self.words()[0]

    def measure(self, what, work, rounds):
        """Instructions for one of `rounds` that work() makes."""
        self.mark()
        before = self.count()
        work()
        time.sleep(0.05)  # what the guest does after its last answer
        after = self.count()
        self.parts.append((what, self.mark(), rounds))
        return (after - before) / rounds

    def mark(self):
        """End a part of the profile; its number."""
        number = self.words()[1] + 1
        with open(self.live, 'r+b') as f:
            f.seek(8)
            f.write(struct.pack('<Q', number))
        while self.words()[2] != number and self.p.poll() is None:
            time.sleep(0.001)
        return number
