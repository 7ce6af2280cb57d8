/* A motor that is kept at its speed ten thousand times a second, in the interrupt of a timer.
 *
 * The motor is simulated: a current makes it faster, friction slower. A proportional-integral controller sets the current.
 */
#include "control.h"

#include "board.h"
#include "mps2.h"

#define TWO_PI 6.2831853f

/* What a current of 1 adds to the speed in a period, what friction leaves of it, and how far a speed of 1 turns. */
#define PUSH 0.02f
#define GLIDE 0.995f
#define TURN 0.01f
#define WANTED 1.0f
#define PROPORTIONAL 0.8f
#define INTEGRAL 0.004f

/* The interrupt writes these, the main loop reads. */
static volatile uint32_t periods, missed, longest;
static volatile int32_t earliest, latest;
static volatile float angle, sine, cosine = 1;

/* The interrupt's own. */
static float speed, error_sum;
static uint32_t due;

/* The motor turns by a small angle. Where it begins a new turn, errors of the series end. */
static void turn(float by) {
    float whole = angle + by;
    if (whole >= TWO_PI) {
        whole -= TWO_PI;
        sine = whole;
        cosine = 1 - whole * whole / 2;
    } else {
        float s = sine, c = cosine, shrunk = 1 - by * by / 2;
        sine = s * shrunk + c * by;
        cosine = c * shrunk - s * by;
    }
    angle = whole;
}

/* How late this period begins, from the first one on, and whether any was left out before it. */
static void watch(uint32_t begun) {
    if (periods == 0) {
        due = begun;
    }
    int32_t late = (int32_t)(begun - due);
    earliest = late < earliest ? late : earliest;
    latest = late > latest ? late : latest;
    uint32_t left_out = late > 0 ? (uint32_t)late / CONTROL_PERIOD : 0;
    missed += left_out;
    due += CONTROL_PERIOD * (left_out + 1);
}

void timer0_ended(void) {
    uint32_t begun = board_ticks();
    TIMER0->interrupt = 1;
    watch(begun);
    float error = WANTED - speed;
    error_sum += error;
    speed = speed * GLIDE + (PROPORTIONAL * error + INTEGRAL * error_sum) * PUSH;
    turn(speed * TURN);
    periods++;
    uint32_t took = board_ticks() - begun;
    longest = took > longest ? took : longest;
    if (TIMER0->interrupt) {
        missed++;
    }
}

void control_start(void) {
    TIMER0->reload = CONTROL_PERIOD - 1;
    TIMER0->value = CONTROL_PERIOD - 1;
    TIMER0->control = TIMER_CONTROL_RUN | TIMER_CONTROL_INTERRUPT;
    NVIC_ENABLE = 1u << TIMER0_ENDED;
}

uint32_t control_periods(void) {
    return periods;
}

struct position control_position(void) {
    struct position position;
    uint32_t before;
    do {
        before = periods;
        position.angle = angle;
        position.sine = sine;
    } while (periods != before);
    return position;
}

struct control_figures control_figures(void) {
    struct control_figures figures = {missed, (uint32_t)(latest - earliest), longest};
    return figures;
}
