#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""session.py - one server, run natively or in a guest, and its client.

  session.py BUILD FILES NAME CONFIG NET

tools/run-servers starts it as the first process of namespaces of its own for
processes, mounts and networks. So the server may have any port and the same
paths natively as in a guest, nothing that others run is in the way, and when
this process ends nothing is left. NET says how a guest is reached: by ports of
this machine (user), or behind a tap of its own (tap). What the client saw goes
to stdout, one line for each thing; complaints go to stderr.
"""
import copy
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import clients
import table

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(HERE)),
                                'tools'))
import common  # noqa: E402

PLACE = '/srv'
OUTSIDE = '192.0.2.1'     # of this machine, as a guest in user mode sees it
OUTSIDE_6 = '2001:db8::1'
READY_S = {'qemu/tcg': 240}
ENV = {'LC_ALL': 'C', 'PATH': '/usr/sbin:/usr/bin:/bin', 'HOME': '/srv',
       'TZ': 'UTC0'}


def quiet(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Context:
    """What a client is told: where the server is, and who runs it."""

    def __init__(self, config, name):
        self.native = config == 'native'
        self.emulated = config == 'qemu/tcg'
        self.config, self.name = config, name
        self.address = None
        self.place = PLACE
        self.restart = None  # stop the server and start it again
        self.run = None      # run another program as the server is run

    def at(self, address):
        self.address = address
        return self

    def few(self, many, few):
        """How often: less where every instruction is emulated."""
        return few if self.emulated else many


class Session:
    def __init__(self, build, files, config, net):
        self.net = 'native' if config == 'native' else net
        self.samara = os.path.join(build, 'samara')
        self.build, self.config = build, config
        self.started = []
        self.logs = []
        quiet('ip', 'link', 'set', 'lo', 'up')
        # User-mode networks copy the address of the way out.
        quiet('ip', 'link', 'add', 'name', 'outside', 'type', 'veth', 'peer',
              'name', 'further')
        quiet('ip', 'link', 'set', 'further', 'up')
        quiet('ip', 'addr', 'add', OUTSIDE + '/24', 'dev', 'outside')
        quiet('ip', 'link', 'set', 'outside', 'up')
        quiet('ip', 'route', 'add', 'default', 'dev', 'outside')
        quiet('mount', '-t', 'tmpfs', 'srv', PLACE)
        shutil.copytree(files, PLACE, symlinks=True, dirs_exist_ok=True)
        quiet('mount', '--bind', PLACE + '/resolv.conf',
              os.path.realpath('/etc/resolv.conf'))
        quiet('ip', 'addr', 'add', OUTSIDE_6 + '/64', 'dev', 'outside',
              'nodad')
        quiet('ip', 'route', 'add', 'unreachable', '198.51.100.0/24')
        self.host = OUTSIDE
        self.addresses = [OUTSIDE if net == 'user' else '127.0.0.1'] * 2
        if self.net == 'tap':
            self.addresses = [self._tap(i) for i in range(2)]
        self._fill_in()

    def _tap(self, number):
        """A tap for a guest: the guest's address behind it."""
        name, network = 'tap%d' % number, '10.0.%d.' % (3 + number)
        quiet('ip', 'tuntap', 'add', 'dev', name, 'mode', 'tap')
        quiet('ip', 'addr', 'add', network + '1/24', 'dev', name)
        quiet('ip', 'addr', 'add', 'fd0%d::1/64' % (3 + number), 'dev', name,
              'nodad')
        quiet('ip', 'link', 'set', name, 'up')
        with open('/proc/sys/net/ipv4/ip_forward', 'w',
                  encoding='ascii') as f:
            f.write('1')
        return network + '2'

    def _reached_by(self, program):
        """samara's options for the network of a guest."""
        if self.net == 'tap':
            address = self.addresses[program.place]
            return ['--net', 'tap:tap%d' % program.place, '--ip',
                    address + '/24', '--gateway', address[:-1] + '1', '--ip',
                    'fd0%d::2/64' % (3 + program.place), '--gateway',
                    'fd0%d::1' % (3 + program.place)]
        options = ['--net', 'user']
        for port in program.ports:
            number, kind = port.partition('/')[::2]
            options += ['-p', '%s:%s%s' % (number, number, '/' + kind if kind
                                           else '')]
        return options

    def _fill_in(self):
        """In a file NAME.in, @HOST@ is where a server reaches this machine,
        @BEHIND@ where it reaches the server behind it."""
        places = {'@HOST@': self.host, '@BEHIND@': self.addresses[1]}
        for directory, _, names in os.walk(PLACE):
            for name in names:
                path = os.path.join(directory, name)
                if not name.endswith('.in'):
                    continue
                with open(path, encoding='utf-8') as f:
                    text = f.read()
                for word, value in places.items():
                    text = text.replace(word, value)
                with open(path[:-3], 'w', encoding='utf-8') as f:
                    f.write(text)
                os.unlink(path)

    def command(self, program):
        words = [w.replace('{build}', self.build).replace('{host}', self.host)
                 for w in program.command]
        if self.config == 'native':
            return words
        run = [self.samara, 'run', '-w', PLACE, '--add', PLACE]
        for key, value in ENV.items():
            run += ['-e', '%s=%s' % (key, value)]
        for path in program.add:
            run += ['--add', path.replace('{build}', self.build)]
        return (run + common.CONFIGS[self.config] + program.options +
                self._reached_by(program) + words)

    def start(self, program):
        log = tempfile.TemporaryFile()
        self.logs.append((program.name, log))
        p = subprocess.Popen(self.command(program), stdin=subprocess.DEVNULL,
                             stdout=log, stderr=log, cwd=PLACE,
                             env=self._env(), preexec_fn=common.default_signals)
        self.started.append(p)
        return p

    def _env(self):
        """samara itself needs what it was started with, its cache above all."""
        return ENV if self.config == 'native' else dict(os.environ)

    def run(self, program, stdin=None, timeout=120):
        """Run a program to its end, as servers are run: common.Result."""
        return common.run(self.command(program), stdin, timeout, self._env(),
                          PLACE)

    def stop(self, p):
        """SIGTERM, and the status as a shell says it."""
        p.send_signal(signal.SIGTERM)
        try:
            status = p.wait(20)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            return 'does not end on SIGTERM'
        return str(128 - status if status < 0 else status)

    def show_logs(self):
        for name, log in self.logs:
            log.seek(0)
            text = log.read()[-3000:].decode(errors='replace')
            print('---- %s printed:\n%s' % (name, text), file=sys.stderr)

    def await_ready(self, server, context):
        """Until the server answers; raises what its client raises."""
        end = time.monotonic() + READY_S.get(self.config, 30)
        while True:
            try:
                return server.ready(context)
            except (OSError, clients.Wrong):
                if self.started[-1].poll() is not None:
                    raise clients.Wrong('ended with status %d before it '
                                        'answered' % self.started[-1].returncode)
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


def serve(session, server, context):
    """Start a server (and those behind it), drive it, stop it."""
    if server.prepare:
        server.prepare(context)
    for other in server.behind:
        session.start(other)
        session.await_ready(other, copy.copy(context).at(
            session.addresses[1] if session.net == 'tap' else '127.0.0.1'))
    p = session.start(server)
    session.await_ready(server, context)

    def restart():
        nonlocal p
        session.stop(p)
        p = session.start(server)
        session.await_ready(server, context)

    context.restart = restart
    for line in server.drive(context):
        print(line, flush=True)
    if p.poll() is not None:
        raise clients.Wrong('the server ended with status %d' % p.returncode)
    if server.ends:
        status = session.stop(p)
        if server.ends is not True and status in server.ends:
            status = ' or '.join(server.ends)
        print('after SIGTERM: status ' + status)


def main():
    build, files, name, config, net = sys.argv[1:]
    # The first process of a namespace has no default for this one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    session = Session(os.path.abspath(build), files, config, net)
    entry = next(e for e in table.ALL if e.name == name)
    context = Context(config, name).at(
        session.addresses[0] if session.net == 'tap' else '127.0.0.1')
    context.run = session.run
    context.host = session.host
    context.start = session.start
    context.stop = session.stop
    context.net = session.net
    try:
        if isinstance(entry, table.Server):
            serve(session, entry, context)
        else:
            for line in entry.drive(context):
                print(line, flush=True)
    except (OSError, clients.Wrong, subprocess.SubprocessError) as e:
        session.show_logs()
        print('%s: %s' % (type(e).__name__, e), file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
