# SPDX-License-Identifier: BSD-2-Clause
"""languages.py - the rows `languages` and `language-time` of tests/bench/run."""
import os
import subprocess

import common
import programs

JAVA = '/usr/lib/jvm/java-17-openjdk-amd64/bin/java'
ENV = {'LC_ALL': 'C', 'PATH': '/usr/bin:/bin', 'HOME': '/'}
LINUX_BOOT = 63_000_000  # tuned, to its first process, on the same QEMU

SOURCES = {
    'line.c': '''#include <stdio.h>
int main(void)
{
    puts("line");
}
''',
    'line.go': '''package main

import "fmt"

func main() {
    fmt.Println("line")
}
''',
    'Line.java': '''public class Line {
    public static void main(String[] args) {
        System.out.println("line");
    }
}
''',
}


def tool(b, *command):
    """Run a compiler where the bench keeps its files."""
    path = programs.tool(command[0])
    if not path:
        raise FileNotFoundError('no ' + command[0])
    subprocess.run([path] + list(command[1:]), check=True, cwd=b.place,
                   env=dict(os.environ, GOFLAGS='', CGO_ENABLED='0'))


def lines(b):
    """[(name, samara's options, command)], each of which prints "line"."""
    for name, text in SOURCES.items():
        with open(os.path.join(b.place, name), 'w', encoding='ascii') as f:
            f.write(text)
    tool(b, 'gcc', '-O2', 'line.c', '-o', 'line-c')
    tool(b, 'go', 'build', '-o', 'line-go', 'line.go')
    tool(b, 'javac', 'Line.java')
    return [
        ('dynamic C', [], [b.place + '/line-c']),
        ('Go', [], [b.place + '/line-go']),
        ('python3 -c', [], ['/usr/bin/python3', '-c', 'print("line")']),
        ('node -e', [], ['/usr/bin/node', '-e', 'console.log("line")']),
        ('java', ['--add', b.place + '/Line.class'],
         [JAVA, '-Xmx64m', '-Xshare:auto', '-XX:TieredStopAtLevel=1',
          '-XX:+UseSerialGC', '-cp', b.place, 'Line']),
    ]


def bench_lines(b):
    """A line of each, from reset to the end of the machine, against what the
    program itself executes: the same command, counted by the same plugin in
    QEMU's emulation of a single program, where what a system call does is the
    host's. Linux needs at least its boot beside the program's own."""
    env = [w for k, v in ENV.items() for w in ('-e', k + '=' + v)]
    for name, options, command in lines(b):
        image = b.image('line', *env, *options, *command)
        ours = b.count_end(['qemu-system-x86_64', '-M', 'microvm', '-accel',
                            'tcg', '-m', '1G', '-kernel', image, '-display',
                            'none', '-no-reboot', '-monitor', 'none',
                            '-serial', 'stdio'], b'line')
        show = b.profiler()
        own = b.count_end(['qemu-x86_64'] + command, b'line', ENV)
        b.row('%s, reset to end; its own %.1f M' % (name, own / 1e6), ours,
              'insns', own + LINUX_BOOT // 10,
              'tuned Linux >= %.0f M' % ((own + LINUX_BOOT) / 1e6))
        show(0)
        os.unlink(image)

        def works(kib):
            return b.runs(['--vmm', 'monitor', '-m', '%dK' % kib] + env +
                          options, b'line', *command)

        if common.kvm_opens():
            low, step = (128, 64) if 'line-' in command[0] else (2048, 1024)
            kib = b.least(low, 1 << 19, step, works)
            b.row('%s, the same: least -m beside the image' % name,
                  kib or 'not at 512 MiB', 'KiB', None, '-')


def computations(b):
    """[(name, samara's options, command)], each computes for a second or more."""
    source = os.path.join(common.ROOT, 'tests/languages/compute/compute')
    tool(b, 'gcc', '-O2', source + '.c', '-o', 'compute-c')
    tool(b, 'g++', '-O2', source + '.cc', '-o', 'compute-cc')
    tool(b, 'rustc', '-O', source + '.rs', '-o', 'compute-rs')
    tool(b, 'go', 'build', '-o', 'compute-go', source + '.go')
    tool(b, 'javac', '-d', b.place, os.path.dirname(source) + '/Compute.java')
    tool(b, 'sh', '-c', 'cp "$1" compute.ml && ocamlopt compute.ml -o '
         'compute-ml', 'sh', source + '.ml')
    scripts = [(name, '/usr/bin/' + name, source + suffix, size)
               for name, suffix, size in (
                   ('python3', '.py', '10'), ('node', '.js', '300'),
                   ('ruby', '.rb', '20'), ('php', '.php', '40'),
                   ('perl', '.pl', '12'), ('lua5.4', '.lua', '25'))]
    return [(name, [], [b.place + '/compute-' + suffix, '800'])
            for name, suffix in (('C', 'c'), ('C++', 'cc'), ('Rust', 'rs'),
                                 ('Go', 'go'), ('OCaml', 'ml'))] + [
        ('java', ['--add', b.place + '/Compute.class'],
         [JAVA, '-Xmx128m', '-cp', b.place, 'Compute', '600']),
    ] + [(name, ['--add', script], [program, script, size])
         for name, program, script, size in scripts]


def bench_times(b):
    """Where a program computes, a guest should take as long as a process."""
    if not common.kvm_opens():
        b.row('language programs against native', 'no KVM', '%', 105, '-')
        return
    for name, options, command in computations(b):
        # What packing costs is the first run's affair.
        image = b.image('compute', *options, *command)
        best = b.best_times(name, command, None, ['-m', '512M'], [image])
        os.unlink(image)
        b.row('%s computes: %.2f s native, %.2f s in a guest; CPU %.2f, %.2f'
              % (name, best['native'], best['guest'], best['native CPU'],
                 best['guest CPU']),
              round(100 * best['guest'] / best['native'], 1), '%', 105, '-')
