/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.c - accounts, and tellers that move money between them.
 *
 * An account's lock guards its balance. Each transfer is noted in the journal
 * while both ends of it are held.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define ACCOUNT_COUNT 3
#define TELLER_COUNT  3
#define JOURNAL_US    200 /* what noting a transfer takes */

struct account {
    pthread_mutex_t lock;
    long balance;
    const char *owner;
};

static struct account accounts[ACCOUNT_COUNT] = {
    { PTHREAD_MUTEX_INITIALIZER, 1000, "alder" },
    { PTHREAD_MUTEX_INITIALIZER, 1000, "birch" },
    { PTHREAD_MUTEX_INITIALIZER, 1000, "cedar" },
};
static unsigned long transfers; /* atomic */

static void journal(const struct account *from)
{
    (void)from;
    usleep(JOURNAL_US);
}

__attribute__((noinline)) static void transfer(struct account *from,
                                               struct account *to, long amount)
{
    pthread_mutex_lock(&from->lock);
    journal(from);
    pthread_mutex_lock(&to->lock);
    from->balance -= amount;
    to->balance += amount;
    pthread_mutex_unlock(&to->lock);
    pthread_mutex_unlock(&from->lock);
    __atomic_fetch_add(&transfers, 1, __ATOMIC_RELAXED);
}

static void *teller(void *arg)
{
    unsigned turn = *(const unsigned *)arg;

    for (;; turn++) {
        struct account *from = &accounts[turn % ACCOUNT_COUNT];
        struct account *to = &accounts[(turn + 1) % ACCOUNT_COUNT];

        transfer(from, to, 1);
    }
    return NULL;
}

int main(void)
{
    static unsigned first[TELLER_COUNT] = { 0, 1, 2 };
    pthread_t thread[TELLER_COUNT];
    unsigned i;

    for (i = 0; i < TELLER_COUNT; i++)
        pthread_create(&thread[i], NULL, teller, &first[i]);
    for (;;) {
        printf("%lu transfers\n",
               __atomic_load_n(&transfers, __ATOMIC_RELAXED));
        fflush(stdout);
        sleep(1);
    }
}
