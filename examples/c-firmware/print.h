/* Numbers as text over the board's first serial line. */
#ifndef PRINT_H
#define PRINT_H

/* A whole number. */
void print_whole(unsigned value);

/* With three decimals. */
void print_number(float value);

#endif
