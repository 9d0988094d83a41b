# SPDX-License-Identifier: BSD-2-Clause
# compute.pl - primes below 500,000, size times, then a product of
# matrices: what each language computes, to compare guest and host.
use strict;
use warnings;

my $n = 500000;
my $count = 0;
for (1 .. $ARGV[0]) {
    my @sieve = (0) x $n;
    for my $i (2 .. $n - 1) {
        next if $sieve[$i];
        $count++;
        for (my $k = $i * 2; $k < $n; $k += $i) { $sieve[$k] = 1 }
    }
}
my $m = 100;
my @a = map { my $i = $_; [map { ($i * $_) % 7 + 0.5 } 0 .. $m - 1] } 0 .. $m - 1;
my $total = 0;
for my $i (0 .. $m - 1) {
    for my $j (0 .. $m - 1) {
        my $s = 0;
        $s += $a[$i][$_] * $a[$_][$j] for 0 .. $m - 1;
        $total += $s;
    }
}
print "$count $total\n";
