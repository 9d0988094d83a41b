# SPDX-License-Identifier: BSD-2-Clause
"""common.py - what the test runners share: running programs here and in a
guest, counting, the list of expected failures, the totals line.

A guest is started as `build/samara run OPTIONS PROGRAM ARGS`. A configuration
is monitor, accelerator and number of CPUs, if not 1, written "qemu/tcg"; those
that this machine cannot run are left out and said so.
"""
import os
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CONFIGS = {
    'qemu/tcg': ['--vmm', 'qemu', '--accel', 'tcg'],
    'monitor/kvm': ['--vmm', 'monitor'],
    'monitor/kvm/3': ['--vmm', 'monitor', '--cpus', '3'],
}
# Only where they are asked for by name.
MORE_CONFIGS = {
    'qemu/kvm': ['--vmm', 'qemu', '--accel', 'kvm'],
    'qemu/tcg/3': ['--vmm', 'qemu', '--accel', 'tcg', '--cpus', '3'],
}


def kvm_opens():
    try:
        os.close(os.open('/dev/kvm', os.O_RDWR))
        return True
    except OSError:
        return False


def configs(wanted=None):
    """The configurations to test on, as {name: samara options}."""
    if wanted:
        every = {**CONFIGS, **MORE_CONFIGS}
        return {name: every[name] for name in wanted}
    found = dict(CONFIGS)
    if not kvm_opens():
        for name in CONFIGS:
            if 'kvm' in name:
                print('# left out: %s, since /dev/kvm does not open' % name)
                del found[name]
    return found


class Result:
    """What a program left behind: output, errors, status as a shell's."""

    def __init__(self, out, err, status, timed_out=False):
        self.out, self.err = out, err
        self.status = 128 - status if status < 0 else status
        self.timed_out = timed_out

    def differs(self, other, with_stderr=True):
        """'' or the first difference to `other`, the one that is right."""
        if self.timed_out:
            return 'longer than the time limit'
        if self.status != other.status:
            return 'status %d, not %d' % (self.status, other.status)
        for what in ('out', 'err') if with_stderr else ('out',):
            got, want = getattr(self, what), getattr(other, what)
            if got == want:
                continue
            got_lines, want_lines = got.split(b'\n'), want.split(b'\n')
            for i, line in enumerate(want_lines):
                if i >= len(got_lines) or got_lines[i] != line:
                    break
            else:
                i = len(want_lines)
            pick = lambda lines: lines[i] if i < len(lines) else b'(nothing)'
            return 'std%s line %d: %r, not %r' % (
                what, i + 1, pick(got_lines)[:200], pick(want_lines)[:200])
        return ''


def default_signals():
    """For a child: Ctrl-C works although a shell started us in the
    background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def cpu_seconds(pid):
    """What a process and its children, QEMU's for one, have used so far."""
    try:
        with open('/proc/%d/stat' % pid, encoding='utf-8') as f:
            fields = f.read().rpartition(')')[2].split()
        with open('/proc/%d/task/%d/children' % (pid, pid),
                  encoding='utf-8') as f:
            children = [int(word) for word in f.read().split()]
    except OSError:
        return 0
    ticks = int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK') + sum(map(cpu_seconds, children))


def may_go_on(pid, seconds, timeout):
    """Is a process that runs for so long slow for want of a CPU, rather than
    asleep or without an end? Up to three times its time it may be."""
    used = cpu_seconds(pid)
    return seconds < 3 * timeout and seconds / 20 < used < timeout


def communicate(p, stdin, timeout, is_patient):
    """p.communicate(); a patient one grants the time that others took."""
    start = time.monotonic()
    while True:
        try:
            return p.communicate(stdin, timeout)
        except subprocess.TimeoutExpired:
            if not is_patient or not may_go_on(
                    p.pid, time.monotonic() - start, timeout):
                raise
            stdin = None  # the rest of it is remembered


def run(command, stdin=b'', timeout=60, env=None, cwd=None, is_patient=False):
    """Run a program to its end: Result. Kills it after `timeout` s, a patient
    one if it used them or slept."""
    source = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    p = subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=env, cwd=cwd,
                         preexec_fn=default_signals)
    try:
        out, err = communicate(p, stdin, timeout, is_patient)
        return Result(out, err, p.returncode)
    except subprocess.TimeoutExpired:
        p.terminate()  # samara ends its guest
        try:
            out, err = p.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            p.kill()
            out, err = p.communicate()
        return Result(out, err, p.returncode, timed_out=True)


class Score:
    """Counts results, prints them as they come, knows expected failures."""

    def __init__(self, expected_fail=None):
        self.passed = self.failed = self.skipped = 0
        self.lock = threading.Lock()
        self.expected = {}
        self.failures = []
        if expected_fail:
            self._read_expected(expected_fail)

    def _read_expected(self, path):
        """Lines `TEST reason` or `TEST@CONFIG reason`; # begins a remark."""
        with open(path, encoding='utf-8') as f:
            for line in f:
                words = line.split(None, 1)
                if not words or words[0].startswith('#'):
                    continue
                if len(words) < 2:
                    sys.exit('%s: %s has no reason' % (path, words[0]))
                self.expected[words[0]] = words[1].strip()

    def add(self, name, config, error, log=''):
        """One result. error: '' for a pass, else what is wrong."""
        label = '%s (%s)' % (name, config) if config else name
        reason = self.expected.get('%s@%s' % (name, config),
                                   self.expected.get(name))
        with self.lock:
            if reason and error:
                self.skipped += 1
                print('expected fail: %s: %s' % (label, reason))
            elif reason:
                self.failed += 1
                self.failures.append(label)
                print('not ok: %s: passes, yet is expected to fail: %s' %
                      (label, reason))
            elif error:
                self.failed += 1
                self.failures.append(label)
                print('not ok: %s: %s' % (label, error))
                for line in log.splitlines()[-20:]:
                    print('    ' + line)
            else:
                self.passed += 1
                print('ok: ' + label)
            sys.stdout.flush()

    def skip(self, name, reason):
        with self.lock:
            self.skipped += 1
            print('skip: %s: %s' % (name, reason))
            sys.stdout.flush()

    def finish(self, title):
        """Print the totals line; the exit status."""
        if self.failures:
            print('%s: failed: %s' % (title, ', '.join(self.failures)))
        print('%s: %d passed, %d failed, %d skipped' %
              (title, self.passed, self.failed, self.skipped))
        return 1 if self.failed else 0


def with_test_headers(path):
    """The text of a C file, and of what it includes from tests/."""
    with open(path, encoding='utf-8') as f:
        text = f.read()
    for header in re.findall(r'^#include "(tests/.*)"$', text, re.M):
        with open(header, encoding='utf-8') as f:
            text += f.read()
    return text
