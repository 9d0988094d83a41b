# SPDX-License-Identifier: BSD-2-Clause
"""sampling.py - what `samara profile` costs a guest: rows of tests/bench/run.

A sample is asked for as samara-debug asks (abi/control.h), over and over, of a
guest that computes. The least time from the question to the answer bounds what
the guest loses by one; 99 of them a second are the row.
"""
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time

import common

HELLO, SAMPLE = 1, 9
STACK_LEN, HOW_LEN = 49152, 80
RATE = 99
SAMPLES = 300


class Monitor:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)

    def receive(self, length):
        data = b''
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise RuntimeError('the monitor closed the connection')
            data += part
        return data

    def call(self, op, data=b''):
        self.socket.sendall(struct.pack('<IIQQ', op, 0, 0, len(data)) + data)
        result, length = struct.unpack('<iI', self.receive(8))
        if result < 0:
            raise RuntimeError('request %d: %s' % (op, os.strerror(-result)))
        return self.receive(length)


def least_seconds(samara, options):
    place = tempfile.mkdtemp(prefix='samara-sampling.')
    env = dict(os.environ, SAMARA_RUNTIME_DIR=place)
    try:
        subprocess.run([samara, 'run', '-d', '--name', 'g', *options,
                        '/bin/busybox', 'sh', '-c', 'while :; do :; done'],
                       env=env, check=True, capture_output=True)
        # Waits for the guest to come to its program.
        said = subprocess.run([samara, 'stats', '--json', 'g'], env=env,
                              check=True, capture_output=True).stdout
        who = json.loads(said)['id']
        monitor = Monitor(os.path.join(place, who, 'control'))
        monitor.call(HELLO)
        how = struct.pack('<8QI', *[0] * 8, STACK_LEN).ljust(HOW_LEN, b'\0')
        took = []
        for _ in range(SAMPLES):
            begin = time.perf_counter()
            monitor.call(SAMPLE, how)
            took.append(time.perf_counter() - begin)
            time.sleep(1 / 200)
        return min(took)
    finally:
        subprocess.run([samara, 'rm', '-f', 'g'], env=env, check=False,
                       capture_output=True)
        shutil.rmtree(place)


def bench(b):
    for config, options in (('KVM', ['--vmm', 'monitor']),
                            ('TCG', ['--vmm', 'qemu', '--accel', 'tcg'])):
        what = 'profile at 99 Hz, of a busy CPU, %s' % config
        if config == 'KVM' and not common.kvm_opens():
            b.row(what, 'no KVM', '%', 2, '-')
            continue
        least = least_seconds(b.samara, options)
        b.row(what, round(100 * RATE * least, 2), '%', 2, '-')


ROWS = {'sampling': bench}
