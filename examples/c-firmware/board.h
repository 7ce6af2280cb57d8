/* What the programs need of the board: a serial line, a clock, and a stack whose use can be told. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of the stack. */
#define STACK_BYTES 8192
/* Of these, what the programs use besides the runtime. */
#define OWN_STACK_BYTES 512

/* Symbols a second of the serial lines. */
#define BAUD 115200u

/* Sends a text over the first serial line. */
void board_print(const char *text);

/* Most bytes of stack in use so far. */
size_t board_stack_used(void);

/* Starts the clock. */
void board_clock_start(void);

/* Ticks of the clock, CLOCK_HZ a second; after 2^32 - 1 comes 0. */
uint32_t board_ticks(void);

/* The program, called once memory is set up. */
int main(void);

#endif
