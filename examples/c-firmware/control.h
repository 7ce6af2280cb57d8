/* A motor that is kept at its speed ten thousand times a second, in the interrupt of a timer. */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdint.h>

/* Ticks of a period. */
#define CONTROL_PERIOD 2500u

/* Where the motor is. */
struct position {
    float angle; /* 0 to 2 pi */
    float sine;  /* of that angle */
};

/* How control went so far; times in ticks. */
struct control_figures {
    uint32_t missed;  /* periods that began late by a whole one, or whose work did not end in time */
    uint32_t jitter;  /* between the earliest and the latest begin of a period, from when it was due */
    uint32_t longest; /* work of a period */
};

/* Starts it; the board's clock runs. */
void control_start(void);

/* Periods so far. */
uint32_t control_periods(void);

/* Where the motor is now. */
struct position control_position(void);

/* How control went. */
struct control_figures control_figures(void);

#endif
