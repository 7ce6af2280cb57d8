/* The Arm MPS2 with AN386: what runs before main, the serial line, and the time.
 *
 * Vector table and reset: Armv7-M Architecture Reference Manual, B1.5.
 */
#include "board.h"

#include "mps2.h"

/* Set by the linker script. */
extern uint64_t data_start[], data_end[], bss_start[], bss_end[];
extern const uint64_t data_in_flash[];

#define STACK_WORDS (STACK_BYTES / sizeof(uint64_t))
#define PAINT UINT64_C(0xCCCCCCCCCCCCCCCC)

__attribute__((section(".stack"), used)) static uint64_t stack[STACK_WORDS];

static void uart_start(void) {
    UART0->divisor = CLOCK_HZ / BAUD;
    UART0->control = UART_CONTROL_TRANSMIT;
}

void board_print(const char *text) {
    for (; *text != 0; text++) {
        while (UART0->state & UART_STATE_TRANSMIT_FULL) {
        }
        UART0->data = (uint8_t)*text;
    }
}

void board_clock_start(void) {
    TIMER1->reload = UINT32_MAX;
    TIMER1->value = UINT32_MAX;
    TIMER1->control = TIMER_CONTROL_RUN;
}

uint32_t board_ticks(void) {
    return ~TIMER1->value;
}

size_t board_stack_used(void) {
    size_t untouched = 0;
    while (untouched < STACK_WORDS && stack[untouched] == PAINT) {
        untouched++;
    }
    return STACK_BYTES - untouched * sizeof stack[0];
}

__attribute__((noreturn)) static void stop(void) {
    for (;;) {
        __asm volatile("wfi");
    }
}

/* Second half of the reset: compiled functions may use the floating-point unit from here on. */
__attribute__((noreturn, used)) static void start(void) {
    for (size_t i = 0; data_start + i < data_end; i++) {
        data_start[i] = data_in_flash[i];
    }
    for (uint64_t *word = bss_start; word < bss_end; word++) {
        *word = 0;
    }
    uart_start();
    main();
    stop();
}

/* Paints the stack, turns the floating-point unit on. Naked: it may not use the stack it paints. */
__attribute__((naked, noreturn)) void reset(void) {
    __asm volatile(
        "ldr r0, =stack\n"
        "mov r1, sp\n"
        "ldr r2, =0xCCCCCCCC\n"
        "1: cmp r0, r1\n"
        "bhs 2f\n"
        "str r2, [r0], #4\n"
        "b 1b\n"
        "2: ldr r0, =0xE000ED88\n" /* coprocessor access control: the floating-point unit is 10 and 11 */
        "ldr r1, [r0]\n"
        "orr r1, r1, #0xF00000\n"
        "str r1, [r0]\n"
        "dsb\n"
        "isb\n"
        "b start\n"
        ".ltorg\n");
}

static void fault(void) {
    board_print("fault\n");
    stop();
}

/* Interrupts that a program handles itself, if it turns them on. */
__attribute__((weak, alias("unhandled"))) void uart1_received(void);
__attribute__((weak, alias("unhandled"))) void timer0_ended(void);

__attribute__((used)) static void unhandled(void) {
    fault();
}

typedef void handler(void);

/* Stack, reset, non-maskable interrupt, and the faults; then the board's interrupts. */
__attribute__((section(".vectors"), used)) static handler *const vectors[16 + INTERRUPTS] = {
    (handler *)(stack + STACK_WORDS), reset, fault, fault, fault, fault, fault,
    [16 + UART1_RECEIVED] = uart1_received,
    [16 + TIMER0_ENDED] = timer0_ended,
};
