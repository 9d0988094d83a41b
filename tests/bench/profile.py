# SPDX-License-Identifier: BSD-2-Clause
"""profile.py - where the instructions of a row go: what `tests/bench/run -p`
prints, from what icount.c writes with profile=FILE.

An instruction is its function's by address. The kernel's random base follows
from its first instruction there; a program's functions are known by name if it is
linked to a fixed address, all else of the lower half is "(the program)". A
rewritten system call's trampoline is a page of its own: "(trampolines)" if
the program's names are known.
"""
import bisect
import subprocess

NAMED = 40  # functions of a row that are worth a line


class Symbols:
    """Function names by address."""

    def __init__(self, path):
        text = subprocess.run(['nm', '-n', path], check=True,
                              capture_output=True, text=True).stdout
        words = [line.split() for line in text.splitlines()]
        self.all = [(int(w[0], 16), w[2]) for w in words
                    if len(w) == 3 and w[1] in 'tTwW']
        self.addresses = [address for address, _ in self.all]

    def address(self, name):
        return next(a for a, n in self.all if n == name)

    def find(self, address):
        """(first address, name) of the function, or None."""
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.all[at] if at >= 0 else None


def read(path):
    """(pvh_high's address, {mark: {address: count}}), each from
    the mark before; 0: to the end."""
    entry, parts, part = 0, {}, None
    with open(path, encoding='ascii') as f:
        for line in f:
            word, value = line.split()
            if word == 'kernel':
                entry = int(value, 16)
            elif word == 'until':
                part = parts.setdefault(int(value), {})
            else:
                part[int(word, 16)] = int(value)
    return entry, parts


class Profile:
    """One run's: kernel is its ELF file, program a static one or None."""

    def __init__(self, path, kernel, program=None):
        entry, self.parts = read(path)
        self.kernel = Symbols(kernel)
        self.base = entry - self.kernel.address('pvh_high')
        self.program = Symbols(program) if program else None

    def function(self, address):
        """(its first address, its name)"""
        if address >> 63:
            found = self.kernel.find(address - self.base)
            if found and address - self.base < self.kernel.addresses[-1]:
                return found[0] + self.base, found[1]
            return 0, '(the stub)'
        if not self.program:
            return 0, '(the program)'
        found = self.program.find(address)
        if found and address - found[0] < 1 << 16:
            return found[0], 'program: ' + found[1]
        return 0, '(trampolines)'

    def show(self, until, rounds=1):
        """Print a table of what lies before the mark `until`, by rounds."""
        counts, calls = {}, {}
        for address, count in self.parts.get(until, {}).items():
            where = self.function(address)
            counts[where] = counts.get(where, 0) + count
            if where[0] == address:
                calls[where] = calls.get(where, 0) + count
        order = sorted(counts, key=counts.get, reverse=True)
        for where in order[:NAMED]:
            print('%14s  %-36s entered %s' % (
                '{:,.5g}'.format(counts[where] / rounds), where[1],
                '{:,.4g}'.format(calls.get(where, 0) / rounds)))
        rest = sum(counts[where] for where in order[NAMED:])
        print('%14s  %d others' % ('{:,.5g}'.format(rest / rounds),
                                   len(order[NAMED:])))
