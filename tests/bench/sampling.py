# SPDX-License-Identifier: BSD-2-Clause
"""sampling.py - what `samara profile` costs a guest: rows of tests/bench/run.

On the monitor a sample is asked for as samara-debug asks (abi/control.h), over
and over, of a guest that computes. The least time from the question to the
answer bounds what the guest loses by one; 99 of them a second are the row.
Under QEMU the guest's kernel takes the samples, and its instructions are counted
with a profile and without.
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
STACK_LEN, HOW_LEN = 49152, 96
RATE = 99
FAST = 500 # where instructions are counted
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


def kernel_instructions(b, program, has_profile):
    """(the guest's kernel's in a run of busy.c, samples taken meanwhile)."""
    profile, samples = os.path.join(b.place, 'busy.profile'), 0
    place = tempfile.mkdtemp(prefix='samara-sampling.')
    env = dict(os.environ, SAMARA_RUNTIME_DIR=place,
               PATH=place + ':' + os.environ['PATH'])
    words = b.plugin('/dev/null')
    qemu = os.path.join(place, 'qemu-system-x86_64')
    with open(qemu, 'w', encoding='ascii') as f:
        f.write('#!/bin/sh\nexec %s "$@" %s,profile=%s\n' % (
            shutil.which('qemu-system-x86_64'), ' '.join(words[:2]), profile))
    os.chmod(qemu, 0o755)
    try:
        subprocess.run([b.samara, 'run', '-d', '--name', 'g', '--vmm', 'qemu',
                        '--accel', 'tcg', program], env=env, check=True,
                       capture_output=True)
        if has_profile:
            said = subprocess.run([b.samara, 'profile', '--json', '-F',
                                   str(FAST), 'g'], env=env, check=True,
                                  capture_output=True).stdout
            said = json.loads(said)
            samples = said['samples'] + said['missed']
        subprocess.run([b.samara, 'wait', 'g'], env=env, check=True,
                       capture_output=True)
    finally:
        subprocess.run([b.samara, 'rm', '-f', 'g'], env=env, check=False,
                       capture_output=True)
        shutil.rmtree(place)
    with open(profile, encoding='ascii') as f:
        lines = [line.split() for line in f]
    return sum(int(n) for word, n in lines
               if len(word) == 16 and int(word, 16) >> 63), samples


def bench(b):
    what = 'profile at 99 Hz, of a busy CPU, KVM'
    if common.kvm_opens():
        least = least_seconds(b.samara, ['--vmm', 'monitor'])
        b.row(what, round(100 * RATE * least, 2), '%', 2, '-')
    else:
        b.row(what, 'no KVM', '%', 2, '-')
    # Under QEMU the guest's kernel takes the samples.
    program = b.compile('busy')
    without, _ = kernel_instructions(b, program, False)
    count, samples = kernel_instructions(b, program, True)
    b.row('a sample of a busy CPU, TCG', round((count - without) / samples),
          'insns', None, '-')


ROWS = {'sampling': bench}
