# SPDX-License-Identifier: BSD-2-Clause
"""watched.py - what it costs a guest to be looked into, for tests/bench/run.

redis-benchmark -P 16 against redis in a guest on KVM, with a tool and without,
in turn; the time of a request by that, the least of each. Beside it what strace
-c does to redis as a process of this host. Under TCG the same in instructions,
which do not depend on what else this machine does.
"""
import contextlib
import math
import mmap
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import time

import common
import network
import wires

ROUNDS, REQUESTS = 4, 100000
TCG_ROUNDS = 3
START_S = 60
FILLED = '''
import time
memory = bytearray(b"\\1") * (64 << 20)
print(len(memory), flush=True)
time.sleep(1000)
'''
REDIS = ['/usr/bin/redis-server', '--save', '', '--protected-mode', 'no',
         '--daemonize', 'no']


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def rate(at):
    text = subprocess.run(
        ['redis-benchmark', '-h', at[0], '-p', str(at[1]), '-t', 'get', '-n',
         str(REQUESTS), '-c', '20', '-P', '16', '-q'], check=True, capture_output=True,
        text=True).stdout
    return float(text.split('requests per second')[0].split()[-1])


def await_redis(at):
    end = time.monotonic() + START_S
    while True:
        try:
            with socket.create_connection(at, 1) as s:
                s.settimeout(1)
                s.sendall(b'PING\r\n')
                if s.recv(7) == b'+PONG\r\n':
                    return
        except OSError:
            pass
        if time.monotonic() > end:
            raise RuntimeError('redis does not answer')
        time.sleep(0.1)


@contextlib.contextmanager
def beside(command, env=None):
    """A tool that runs meanwhile, ended as by Ctrl-C."""
    if not command:
        yield
        return
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, env=env)
    time.sleep(0.5)
    try:
        if p.poll() is not None:
            raise RuntimeError('%s ended at once' % command[1])
        yield
    finally:
        p.send_signal(signal.SIGINT)
        p.wait(START_S)


def least(measure, command, env=None, rounds=ROUNDS):
    """What measure() gives with the tool, by what without; the least of each."""
    best = {False: math.inf, True: math.inf}
    for _ in range(rounds):
        for watched in best:
            with beside(command if watched else None, env):
                best[watched] = min(best[watched], measure())
    return round(best[True] / best[False], 3)


def strace_slowdown():
    at = ('127.0.0.1', free_port())
    p = subprocess.Popen(REDIS + ['--port', str(at[1])],
                         stdout=subprocess.DEVNULL)
    try:
        await_redis(at)
        return least(lambda: 1 / rate(at), [
            'strace', '-fc', '-o', '/dev/null', '-p', str(p.pid)])
    finally:
        p.terminate()
        p.wait(START_S)


def rows(b, at, env):
    def cost():
        return 1 / rate(at)
    b.row('redis GET -P 16 with trace -c, against without', least(
        cost, [b.samara, 'trace', '-c', 'redis'], env), '', 1.5,
          'strace -c on the host %.2f' % strace_slowdown())


@contextlib.contextmanager
def counted_redis(b, env, at):
    """Redis in a machine under TCG, and a function that tells how many
    instructions that has executed."""
    live = os.path.join(b.place, 'live')
    wrapper = os.path.join(b.place, 'qemu')
    with open(live, 'wb') as f:
        f.truncate(mmap.PAGESIZE)
    with open(wrapper, 'w', encoding='utf-8') as f:
        f.write('#!/bin/sh\nexec qemu-system-x86_64 %s "$@"\n' % shlex.join(
            b.plugin(os.path.join(b.place, 'counts'), live)))
    os.chmod(wrapper, 0o700)
    subprocess.run([b.samara, 'run', '-d', '--vmm', 'qemu', '--accel', 'tcg',
                    '--name', 'redis', '-p', '%s:%d:6379' % at] + REDIS,
                   check=True, stdout=subprocess.DEVNULL,
                   env=dict(env, SAMARA_QEMU=wrapper))
    with open(live, 'rb') as f, mmap.mmap(f.fileno(), 0,
                                          prot=mmap.PROT_READ) as counter:
        try:
            await_redis(at)
            yield lambda: struct.unpack_from('<Q', counter)[0]
        finally:
            subprocess.run([b.samara, 'rm', '-f', 'redis'], env=env,
                           stdout=subprocess.DEVNULL, check=False)


def tcg_row(b, env):
    at = ('127.0.0.1', free_port())
    with counted_redis(b, env, at) as count:
        def cost():
            before = count()
            rate(at)
            return count() - before
        cost()
        b.row('the same under TCG, instructions of the machine', least(
            cost, [b.samara, 'trace', '-c', 'redis'], env, TCG_ROUNDS), '', 1.5,
              '-')


@contextlib.contextmanager
def runtime_dir(b):
    path = os.path.join(b.place, 'guests')
    os.mkdir(path, 0o700)
    try:
        yield dict(os.environ, SAMARA_RUNTIME_DIR=path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def bench_watched(b):
    with runtime_dir(b) as env:
        kvm_row(b, env)
        tcg_row(b, env)
        core_row(b, env)


def core_row(b, env):
    """The core file of a guest that has written to 64 MB of its memory."""
    subprocess.run([b.samara, 'run', '-d', '--name', 'filled', '-m', '96M',
                    '/usr/bin/python3', '-c', FILLED], check=True,
                   stdout=subprocess.DEVNULL, env=env)
    path = os.path.join(b.place, 'core')
    try:
        await_log(b, 'filled', env)
        times = []
        for _ in range(ROUNDS):
            begin = time.monotonic()
            subprocess.run([b.samara, 'core', '-o', path, 'filled'], check=True,
                           stderr=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, env=env)
            times.append(time.monotonic() - begin)
        b.row('core file of a guest with 64 MB written', min(times), 's', 1, '-')
    finally:
        subprocess.run([b.samara, 'rm', '-f', 'filled'], env=env,
                       stdout=subprocess.DEVNULL)


def await_log(b, guest, env):
    end = time.monotonic() + START_S
    while not subprocess.run([b.samara, 'logs', guest], check=True, env=env,
                             capture_output=True).stdout:
        if time.monotonic() > end:
            raise RuntimeError(guest + ' prints nothing')
        time.sleep(0.1)


def kvm_row(b, env):
    if not common.kvm_opens():
        b.row('redis GET -P 16 with trace -c, against without', 'no KVM', '',
              None, '-')
        return
    network.net(b) # a namespace with a tap
    at = (wires.GUEST, 6379)
    subprocess.run([b.samara, 'run', '-d', '--vmm', 'monitor', '--name', 'redis',
                    '--net', 'tap:' + wires.TAP] + wires.ADDRESS + REDIS,
                   check=True, stdout=subprocess.DEVNULL, env=env)
    try:
        await_redis(at)
        rows(b, at, env)
    finally:
        subprocess.run([b.samara, 'rm', '-f', 'redis'], env=env,
                       stdout=subprocess.DEVNULL)
