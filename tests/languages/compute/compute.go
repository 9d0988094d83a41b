// SPDX-License-Identifier: BSD-2-Clause
// compute.go - primes below 500,000, size times, then a product of
// matrices: what each language computes, to compare guest and host.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	size, _ := strconv.Atoi(os.Args[1])
	n := 500000
	count := 0
	for ; size > 0; size-- {
		sieve := make([]bool, n)
		for i := 2; i < n; i++ {
			if sieve[i] {
				continue
			}
			count++
			for k := i * 2; k < n; k += i {
				sieve[k] = true
			}
		}
	}
	const m = 500
	a := make([][]float64, m)
	for i := range a {
		a[i] = make([]float64, m)
		for j := range a[i] {
			a[i][j] = float64(i*j%7) + 0.5
		}
	}
	total := 0.0
	for i := 0; i < m; i++ {
		for j := 0; j < m; j++ {
			for k := 0; k < m; k++ {
				total += a[i][k] * a[k][j]
			}
		}
	}
	fmt.Println(count, total)
}
