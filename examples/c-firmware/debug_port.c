/* The second serial line: an interrupt keeps what comes while the main loop is busy. */
#include "debug_port.h"

#include "board.h"
#include "mps2.h"

/* Bytes that came: room for more than the longest frame. A power of two. */
#define ROOM 2048u
/* Behind priority 0, which control has. */
#define BEHIND_CONTROL 0x80

static volatile uint8_t came[ROOM];
static volatile uint32_t put, taken;

void uart1_received(void) {
    /* First, so that a byte that comes meanwhile interrupts again. */
    UART1->interrupt = UART_INTERRUPT_RECEIVE;
    while (UART1->state & UART_STATE_RECEIVE_FULL) {
        uint8_t byte = (uint8_t)UART1->data;
        if (put - taken < ROOM) {
            came[put % ROOM] = byte;
            put++;
        }
    }
}

void debug_port_start(void) {
    UART1->divisor = CLOCK_HZ / BAUD;
    UART1->control = UART_CONTROL_TRANSMIT | UART_CONTROL_RECEIVE | UART_CONTROL_RECEIVE_INTERRUPT;
    NVIC_PRIORITY[UART1_RECEIVED] = BEHIND_CONTROL;
    NVIC_ENABLE = 1u << UART1_RECEIVED;
}

size_t debug_port_read(void *context, void *bytes, size_t capacity) {
    (void)context;
    size_t count = 0;
    for (; count < capacity && taken != put; count++) {
        ((uint8_t *)bytes)[count] = came[taken % ROOM];
        taken++;
    }
    return count;
}

void debug_port_write(void *context, const void *bytes, size_t length) {
    (void)context;
    for (size_t i = 0; i < length; i++) {
        while (UART1->state & UART_STATE_TRANSMIT_FULL) {
        }
        UART1->data = ((const uint8_t *)bytes)[i];
    }
}
