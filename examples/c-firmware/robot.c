/* A robot in C: control in an interrupt, a network beside it, and a server through which a host times that network.
 *
 * The network computes the sine of the motor's angle, again and again, a step at a time.
 */
#include "board.h"
#include "control.h"
#include "debug_port.h"
#include "mps2.h"
#include "print.h"
#include "sine.h"

/* Periods from one report to the next. */
#define REPORT_PERIODS 10000u
#define TICK_NS (1000000000u / CLOCK_HZ)
/* How far the network is from the sine at most. */
#define TOLERANCE 0.02f

/* The network's memory, and the server's, which holds the same network again. */
static _Alignas(LATHE_MODEL_SINE_MEMORY_ALIGN) unsigned char memory[LATHE_MODEL_SINE_MEMORY_BYTES];
static _Alignas(8) unsigned char server_memory[LATHE_MODEL_SINE_SERVER_BYTES];

/* With what this program and its interrupts use. */
_Static_assert(LATHE_MODEL_SINE_STACK_BYTES + LATHE_SERVER_STACK_BYTES + OWN_STACK_BYTES <= STACK_BYTES,
               "the model and the server need more stack");

/* The main loop's work. */
struct robot {
    lathe_model *model;
    float *input;
    const float *output;
    size_t steps_left;        /* of the run under way */
    struct position position; /* that it is about */
    unsigned runs, right;
    uint32_t next_report; /* the period */
};

/* Runs the network's next step. */
static void step(struct robot *robot) {
    if (robot->steps_left == 0) {
        robot->position = control_position();
        *robot->input = robot->position.angle;
    }
    /* It fails for a null pointer only. */
    lathe_step(robot->model, &robot->steps_left);
    if (robot->steps_left == 0) {
        float error = *robot->output - robot->position.sine;
        robot->runs++;
        robot->right += error < TOLERANCE && error > -TOLERANCE;
    }
}

/* The words with a number after each, and the end of the line. */
static void print_line(const char *const words[], const unsigned numbers[], unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        board_print(words[i]);
        print_whole(numbers[i]);
    }
    board_print(words[count]);
    board_print("\n");
}

static void report(struct robot *robot) {
    struct control_figures control = control_figures();
    print_line((const char *[]){"control: ", " periods of ", " ns, ", " missed"},
               (unsigned[]){robot->next_report, CONTROL_PERIOD * TICK_NS, control.missed}, 3);
    print_line((const char *[]){"control: jitter ", " ns, longest work ", " ns"},
               (unsigned[]){control.jitter * TICK_NS, control.longest * TICK_NS}, 2);
    print_line((const char *[]){"inference: ", " runs, ", " right of ", " judged"},
               (unsigned[]){robot->runs, robot->right, robot->runs}, 3);
    print_line((const char *[]){"stack: ", " bytes"}, (unsigned[]){(unsigned)board_stack_used()}, 1);
    board_print("done\n");
}

/* A piece of the main loop's work; the server has it done between two runs that it times. */
static void work(void *context) {
    struct robot *robot = context;
    step(robot);
    if (control_periods() >= robot->next_report) {
        report(robot);
        robot->next_report += REPORT_PERIODS;
    }
}

static uint32_t ticks(void *context) {
    (void)context;
    return board_ticks();
}

/* Loads the network, tests it, and makes the server. */
static lathe_status start(struct robot *robot, lathe_server **server) {
    const lathe_port port = {
        .context = robot,
        .read = debug_port_read,
        .write = debug_port_write,
        .ticks = ticks,
        .between = work,
        .ticks_per_second = CLOCK_HZ,
    };
    lathe_status status = lathe_load(lathe_model_sine, LATHE_MODEL_SINE_BYTES, memory, sizeof memory, &robot->model);
    if (status == LATHE_OK) {
        status = lathe_verify(robot->model);
    }
    if (status != LATHE_OK) {
        return status;
    }
    robot->input = lathe_input_data(robot->model, LATHE_MODEL_SINE_INPUT_0_NAME, LATHE_F32);
    robot->output = lathe_output_data(robot->model, LATHE_MODEL_SINE_OUTPUT_0_NAME, LATHE_F32);
    return lathe_server_start(&port, lathe_model_sine, LATHE_MODEL_SINE_BYTES, server_memory, sizeof server_memory, server);
}

int main(void) {
    static struct robot robot = {.next_report = REPORT_PERIODS};
    lathe_server *server = NULL;
    board_clock_start();
    if (start(&robot, &server) != LATHE_OK) {
        board_print(lathe_last_error());
        board_print("\nfailed\n");
        return 1;
    }
    debug_port_start();
    control_start();
    for (;;) {
        work(&robot);
        lathe_server_poll(server);
    }
}
