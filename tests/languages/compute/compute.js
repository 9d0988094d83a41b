// SPDX-License-Identifier: BSD-2-Clause
// compute.js - primes below 500,000, size times, then a product of
// matrices: what each language computes, to compare guest and host.
const size = Number(process.argv[2]);
const n = 500000;
let count = 0;
for (let round = 0; round < size; round++) {
  const sieve = new Uint8Array(n);
  for (let i = 2; i < n; i++) {
    if (sieve[i]) continue;
    count++;
    for (let k = i * 2; k < n; k += i) sieve[k] = 1;
  }
}
const m = 400;
const a = [...Array(m).keys()].map((i) => Float64Array.from(
  { length: m }, (_, j) => (i * j) % 7 + 0.5));
let total = 0;
for (let i = 0; i < m; i++) {
  for (let j = 0; j < m; j++) {
    let s = 0;
    for (let k = 0; k < m; k++) s += a[i][k] * a[k][j];
    total += s;
  }
}
console.log(count, total);
