/* How long this process's threads were ready to run and had no processor: the part of a sample that says something about
 * the machine's other work and nothing about the participant. */
#ifndef KILN_WAITING_H
#define KILN_WAITING_H

/* Begins to follow the threads that exist now. */
void waiting_begin(void);
/* Nanoseconds that the followed threads waited for a processor since they began, together; -1 where the system does not say. */
double waiting_nanoseconds(void);
void waiting_end(void);
#endif
