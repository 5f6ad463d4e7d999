/* The order of effects, watched in every transaction of the copy service. */
#ifndef TORTURE_ORDER_H
#define TORTURE_ORDER_H

/* A batch is said to be committed: asserts that the last transaction is. */
void torture_replied(void);

#endif
