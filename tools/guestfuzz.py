# SPDX-License-Identifier: BSD-2-Clause
"""guestfuzz.py - programs that misuse the kernel, run in guests: a part of
tools/run-fuzz.

tests/fuzz/NAME/*.c is one program, run as `NAME SEED CALLS THREADS`, in guests
of every configuration, until the time is up; what is run follows from a seed,
which is shown. Only status 0 is right, or an end for want of memory: a guest
may have very little. Lines of tests/fuzz/corpus/NAME, `SEED CALLS THREADS
MEMORY`, are run first: they once found something.
"""
import collections
import os
import random
import re
import subprocess
import time

import common

FLAGS = ('-std=gnu11 -g -O1 -Wall -Wextra -Werror -static -fno-stack-protector '
         '-fno-builtin -fcf-protection=none -I.').split()
COMPILERS = {
    'musl': ['musl-gcc', '-idirafter', '/usr/include', '-idirafter',
             '/usr/include/x86_64-linux-gnu'],
    'glibc': ['gcc'],
}
TIMEOUT_S = 240
OUT_OF_MEMORY = b'out of memory'

# The time in all; how many guests at most of a configuration, and the seed:
# None for any number, and for one by chance.
Limits = collections.namedtuple('Limits', 'seconds guests seed')


def build(name, place, score):
    """The programs' paths by compiler; None: said why not."""
    programs = {}
    folder = 'tests/fuzz/' + name
    sources = sorted(os.path.join(folder, f) for f in os.listdir(folder)
                     if f.endswith('.c'))
    os.makedirs(place, exist_ok=True)
    for variant, compiler in COMPILERS.items():
        program = os.path.join(place, '%s.%s' % (name, variant))
        done = subprocess.run(compiler + FLAGS + sources + ['-o', program],
                              capture_output=True, text=True)
        if done.returncode:
            score.add('fuzz/' + name, variant, 'does not compile', done.stderr)
            return None
        programs[variant] = program
    return programs


def corpus(name):
    """The cases that are run first: lists of words."""
    path = 'tests/fuzz/corpus/' + name
    cases = []
    for entry in sorted(os.listdir(path)) if os.path.isdir(path) else []:
        with open(os.path.join(path, entry), encoding='utf-8') as f:
            cases += [line.split() for line in f
                      if line.strip() and not line.startswith('#')]
    return cases


def any_case(rng):
    threads = rng.choice([1, 2, 4, 4, 8, 16])
    calls = rng.choice([8000, 20000, 60000]) // threads
    return [str(rng.randrange(1 << 32)), str(calls), str(threads),
            rng.choice(['8M', '32M', '128M', '128M', '512M'])]


def vary_cpus(rng, options):
    """Where there are several CPUs: any number of them."""
    if '--cpus' not in options:
        return options
    return options + ['--cpus', rng.choice(['2', '3', '3', '4', '8'])]


def readable(err):
    """The lines of Samara itself: the program writes anything."""
    lines = re.findall(rb'(?m)(?:samara: |^  \w+ ).*$', err)
    return b'\n'.join(l for l in lines if b' yet, ' not in l).decode(
        errors='replace')


def run_one(samara, options, program, case):
    """('' or what is wrong, what was said, whether memory ran out)"""
    *words, memory = case
    command = [samara, 'run', '-m', memory] + options + [program] + words
    result = common.run(command, None, TIMEOUT_S, is_patient=True)
    if result.timed_out:
        error = 'longer than %d s' % TIMEOUT_S
    elif result.status == 0 or (result.status == 137 and
                                OUT_OF_MEMORY in result.err):
        return '', '', result.status != 0
    else:
        error = 'status %d' % result.status
    stuck = re.search(rb'stuck: .*', result.out)
    said = stuck.group().decode(errors='replace') + '\n' if stuck else ''
    return ('%s; repeat: %s' % (error, ' '.join(command)),
            said + readable(result.err), False)


def run(name, place, limits, score):
    """Fuzz in each configuration for its part of the time."""
    programs = build(name, place, score)
    if not programs:
        return
    configs = common.configs()
    samara = os.path.join(os.path.dirname(os.path.dirname(place)), 'samara')
    for config, options in configs.items():
        seed = limits.seed or random.randrange(1, 1 << 32)
        rng = random.Random(seed)
        todo = corpus(name)
        end = time.monotonic() + limits.seconds / len(configs)
        count = starved = 0
        error = said = ''
        while not error and (todo or time.monotonic() < end and
                             count != limits.guests):
            case = todo.pop(0) if todo else any_case(rng)
            program = programs[rng.choice(list(programs))]
            error, said, starving = run_one(samara, vary_cpus(rng, options),
                                            program, case)
            count += 1
            starved += starving
        print('# fuzz/%s (%s): %d guests, --seed %d, %d without memory left' %
              (name, config, count, seed, starved))
        score.add('fuzz/' + name, config, error, said)
