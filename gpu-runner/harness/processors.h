#ifndef KILN_PROCESSORS_H
#define KILN_PROCESSORS_H

/* Who runs where while several threads are timed: the caller on the first processor that the process may use, workers on the
 * others. Left to itself the scheduler of a virtual machine may wake a worker on its caller's processor, where it stays for
 * whole bursts: the same kernel then takes twice as long in some of them. Both sides are
 * placed alike. Nothing is done for a single thread, or with fewer processors than threads. */

/* Before the first call of the others. */
void processors_begin(int threads);

/* Threads made from now on are workers. */
void processors_for_workers(void);

/* This thread is the caller again. */
void processors_for_caller(void);

#endif
