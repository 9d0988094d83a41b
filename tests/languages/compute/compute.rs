// SPDX-License-Identifier: BSD-2-Clause
// compute.rs - primes below 500,000, size times, then a product of
// matrices: what each language computes, to compare guest and host.
fn main() {
    let size: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let n = 500000;
    let mut count = 0;
    for _ in 0..size {
        let mut sieve = vec![false; n];
        for i in 2..n {
            if sieve[i] {
                continue;
            }
            count += 1;
            for k in (i * 2..n).step_by(i) {
                sieve[k] = true;
            }
        }
    }
    const M: usize = 500;
    let a: Vec<Vec<f64>> =
        (0..M).map(|i| (0..M).map(|j| (i * j % 7) as f64 + 0.5).collect()).collect();
    let mut total = 0.0;
    for i in 0..M {
        for j in 0..M {
            for k in 0..M {
                total += a[i][k] * a[k][j];
            }
        }
    }
    println!("{} {}", count, total);
}
