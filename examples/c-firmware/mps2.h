/* Registers of the Arm MPS2 with AN386, as far as they are used here.
 *
 * UART and timer: Arm DDI 0479 (CMSDK), 4.3 and 4.2. Interrupts: Armv7-M Architecture Reference Manual, B3.4.
 */
#ifndef MPS2_H
#define MPS2_H

#include <stdint.h>

/* Clock of processor, timers and UARTs. */
#define CLOCK_HZ 25000000u

struct uart {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupt; /* a bit written clears that interrupt */
    volatile uint32_t divisor;
};
#define UART0 ((struct uart *)0x40004000)
#define UART1 ((struct uart *)0x40005000)
#define UART_STATE_TRANSMIT_FULL 1u
#define UART_STATE_RECEIVE_FULL 2u
#define UART_CONTROL_TRANSMIT 1u
#define UART_CONTROL_RECEIVE 2u
#define UART_CONTROL_RECEIVE_INTERRUPT 8u
#define UART_INTERRUPT_RECEIVE 2u

/* Counts down, and from reload again. */
struct timer {
    volatile uint32_t control;
    volatile uint32_t value;
    volatile uint32_t reload;
    volatile uint32_t interrupt; /* 1 once it came to zero; written, it is cleared */
};
#define TIMER0 ((struct timer *)0x40000000)
#define TIMER1 ((struct timer *)0x40001000)
#define TIMER_CONTROL_RUN 1u
#define TIMER_CONTROL_INTERRUPT 8u

/* Numbers of interrupts; board.c calls uart1_received and timer0_ended on them. */
#define UART1_RECEIVED 2
#define TIMER0_ENDED 8
#define INTERRUPTS 32
#define NVIC_ENABLE (*(volatile uint32_t *)0xE000E100)
/* A byte each; 0 goes first. */
#define NVIC_PRIORITY ((volatile uint8_t *)0xE000E400)

#endif
