/* What the program needs of the board: a serial line, and a stack whose use can be told. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>

/* Bytes of the stack. */
#define STACK_BYTES 8192

/* Sends a text. */
void board_print(const char *text);

/* Most bytes of stack in use so far. */
size_t board_stack_used(void);

/* The program, called once memory is set up. */
int main(void);

#endif
