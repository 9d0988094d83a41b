/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sem.h - System V semaphores.
 *
 * Ownership: a sleeper holds a reference of its set.
 * Context:   a thread's system call; sem_operate() sleeps.
 * Errors:    those of semop(2) and semctl(2).
 * Units:     deadline_ns on CLOCK_MONOTONIC.
 */
#ifndef IPC_SEM_H
#define IPC_SEM_H

#include "ipc/ids.h"

#define SEM_SETS_MAX       32000u /* Linux's semmni */
#define SEM_SET_MAX        32000u /* semaphores of one set: semmsl */
#define SEM_OPERATIONS_MAX 500u   /* of one semop(): semopm */
#define SEM_VALUE_MAX      32767

struct sembuf;

unsigned sem_set_count(const struct ipc_object *o); /* semaphores in it */
int64_t sem_operate_time(const struct ipc_object *o);
MUST_CHECK long sem_operate(int id, const struct sembuf *ops, unsigned count,
                            uint64_t deadline_ns);
/* semctl(2); arg is the union's word. */
MUST_CHECK long sem_control(int id, int num, int cmd, uint64_t arg);

#endif
