<?php
// SPDX-License-Identifier: BSD-2-Clause
// compute.php - primes below 500,000, size times, then a product of
// matrices: what each language computes, to compare guest and host.
ini_set('memory_limit', '-1');
$n = 500000;
$count = 0;
for ($round = 0; $round < (int)$argv[1]; $round++) {
    $sieve = str_repeat("\0", $n);
    for ($i = 2; $i < $n; $i++) {
        if ($sieve[$i] !== "\0")
            continue;
        $count++;
        for ($k = $i * 2; $k < $n; $k += $i)
            $sieve[$k] = "\1";
    }
}
$m = 200;
for ($i = 0; $i < $m; $i++)
    for ($j = 0; $j < $m; $j++)
        $a[$i][$j] = ($i * $j) % 7 + 0.5;
$total = 0.0;
for ($i = 0; $i < $m; $i++) {
    for ($j = 0; $j < $m; $j++) {
        $s = 0.0;
        for ($k = 0; $k < $m; $k++)
            $s += $a[$i][$k] * $a[$k][$j];
        $total += $s;
    }
}
echo "$count $total\n";
