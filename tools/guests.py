# SPDX-License-Identifier: BSD-2-Clause
"""guests.py - guests in the background, for tests that drive them by verbs."""
import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
import time

import common

SHELL = ['/bin/busybox', 'sh', '-c']
FOREVER = ['/bin/busybox', 'tail', '-f', '/dev/null']
LIMIT = 60


class Failed(Exception):
    pass


class Skipped(Exception):
    """This host lacks something; the text says what."""


def expect(what, got, want):
    if got != want:
        raise Failed('%s: %r, not %r' % (what, got, want))


def expect_match(what, got, pattern):
    if not re.search(pattern, got):
        raise Failed('%s: no %r in %r' % (what, pattern, got))


class Guests:
    """One test's runtime directory, and the command on it."""

    def __init__(self, samara, options):
        self.samara, self.options = samara, options
        self.dir = tempfile.mkdtemp(prefix='samara-guests.')
        self.env = dict(os.environ, SAMARA_RUNTIME_DIR=self.dir, LC_ALL='C')

    def call(self, *args, stdin=b''):
        return common.run([self.samara] + list(args), stdin, LIMIT, self.env)

    def ok(self, *args, stdin=b'', status=0):
        r = self.call(*args, stdin=stdin)
        if r.timed_out or r.status != status:
            raise Failed('samara %s: status %s, not %d: %s' % (
                ' '.join(args), r.status, status, r.err.decode()))
        return r.out.decode(errors='surrogateescape')

    def fails(self, pattern, *args, status=125):
        r = self.call(*args)
        expect('status of ' + ' '.join(args), r.status, status)
        expect_match('stderr', r.err.decode(), pattern)

    def run(self, *args):
        return self.ok('run', '-d', *self.options, *args).strip()

    def popen(self, *args, **how):
        return subprocess.Popen([self.samara] + list(args), env=self.env,
                                preexec_fn=common.default_signals, **how)

    def get(self, who):
        return json.loads(self.ok('inspect', '--json', who))

    def until(self, what, test):
        end = time.monotonic() + LIMIT
        while not test():
            if time.monotonic() > end:
                raise Failed('never: ' + what)
            time.sleep(0.02)

    def ids(self, *args):
        return self.ok('ps', '-q', *args).split()

    def close(self):
        for who in self.ids('-a'):
            self.call('rm', '-f', who)
        left = [n for n in os.listdir(self.dir) if n != 'lock']
        shutil.rmtree(self.dir, ignore_errors=True)
        expect('left behind', left, [])


def on_monitor(g):
    return '--vmm' in g.options and 'monitor' in g.options


def main(what, description, tests):
    """Run the functions test_NAME of the dictionary `tests`; exit status."""
    ap = argparse.ArgumentParser(description=description)
    ap.add_argument('-b', dest='build', default='build')
    ap.add_argument('--config', action='append')
    ap.add_argument('names', nargs='*')
    args = ap.parse_args()
    os.chdir(common.ROOT)
    samara = os.path.abspath(os.path.join(args.build, 'samara'))
    score = common.Score('tests/expected-fail')
    for config, options in common.configs(args.config).items():
        if config.endswith('/3') and not args.config:
            continue # CPUs make no difference here
        for name, test in sorted(tests.items()):
            if not name.startswith('test_'):
                continue
            name = name[5:]
            if args.names and name not in args.names:
                continue
            g = Guests(samara, options)
            error = missing = ''
            try:
                test(g)
            except Skipped as e:
                missing = str(e)
            except (Failed, subprocess.TimeoutExpired, OSError, ValueError,
                    LookupError) as e:
                error = str(e) if isinstance(e, Failed) else repr(e)
            try:
                g.close()
            except Failed as e:
                error = error or str(e)
            if missing and not error:
                score.skip('%s/%s (%s)' % (what, name, config), missing)
            else:
                score.add(what + '/' + name, config, error)
    return score.finish(what)
