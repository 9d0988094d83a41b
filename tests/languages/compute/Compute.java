// SPDX-License-Identifier: BSD-2-Clause
// Compute.java - primes below 500,000, size times, then a product of
// matrices: what each language computes, to compare guest and host.
public class Compute {
    static int primes(int n) {
        boolean[] sieve = new boolean[n];
        int count = 0;
        for (int i = 2; i < n; i++) {
            if (sieve[i])
                continue;
            count++;
            for (int k = i * 2; k < n && k > 0; k += i)
                sieve[k] = true;
        }
        return count;
    }

    static double product(int m) {
        double[][] a = new double[m][m];
        double total = 0;
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++)
                a[i][j] = i * j % 7 + 0.5;
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++)
                for (int k = 0; k < m; k++)
                    total += a[i][k] * a[k][j];
        return total;
    }

    public static void main(String[] args) {
        int size = Integer.parseInt(args[0]);
        long count = 0;

        while (size-- > 0)
            count += primes(500000);
        System.out.println(count + " " + product(500));
    }
}
