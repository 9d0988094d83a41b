# SPDX-License-Identifier: BSD-2-Clause
"""watched.py - what it costs a guest to be looked into, for tests/bench/run.

redis-benchmark -P 16 against redis in a guest on KVM, with a tool and without,
in turn; the time of a request by that, the least of each. Beside it what strace
-c does to redis as a process of this host.
"""
import contextlib
import math
import os
import shutil
import signal
import socket
import subprocess
import time

import common
import network
import wires

ROUNDS, REQUESTS = 4, 100000
START_S = 60
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


def least(measure, command, env=None):
    """What measure() gives with the tool, by what without; the least of each."""
    best = {False: math.inf, True: math.inf}
    for _ in range(ROUNDS):
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


def bench_watched(b):
    if not common.kvm_opens():
        b.row('redis GET -P 16 with trace -c, against without', 'no KVM', '',
              None, '-')
        return
    network.net(b) # a namespace with a tap
    runtime = os.path.join(b.place, 'guests')
    os.mkdir(runtime, 0o700)
    env = dict(os.environ, SAMARA_RUNTIME_DIR=runtime)
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
        shutil.rmtree(runtime, ignore_errors=True)
