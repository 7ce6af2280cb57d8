/* Firmware in C with a model in it: prints what the network makes of a few numbers, whose sine it was built to compute.
 */
#include "board.h"
#include "print.h"
#include "sine.h"

/* All the memory the model takes, known when the model was compiled. */
static _Alignas(LATHE_MODEL_SINE_MEMORY_ALIGN) unsigned char memory[LATHE_MODEL_SINE_MEMORY_BYTES];

_Static_assert(LATHE_MODEL_SINE_STACK_BYTES + OWN_STACK_BYTES <= STACK_BYTES, "the model needs more stack");

static int failed(const char *what) {
    board_print(what);
    board_print(": ");
    board_print(lathe_last_error());
    board_print("\n");
    return 1;
}

/* Runs the model step by step, as firmware does that has other work between steps. */
static int print_sine(lathe_model *model, float x) {
    float *input = lathe_input_data(model, LATHE_MODEL_SINE_INPUT_0_NAME, LATHE_F32);
    if (input == NULL) {
        return failed("input");
    }
    *input = x;
    size_t steps_left;
    do {
        if (lathe_step(model, &steps_left) != LATHE_OK) {
            return failed("step");
        }
    } while (steps_left > 0);
    const float *output = lathe_output_data(model, LATHE_MODEL_SINE_OUTPUT_0_NAME, LATHE_F32);
    if (output == NULL) {
        return failed("output");
    }
    board_print("sine of ");
    print_number(x);
    board_print(" is ");
    print_number(*output);
    board_print("\n");
    return 0;
}

static int show(void) {
    lathe_model *model;
    if (lathe_load(lathe_model_sine, LATHE_MODEL_SINE_BYTES, memory, sizeof memory, &model) != LATHE_OK) {
        return failed("load");
    }
    if (lathe_verify(model) != LATHE_OK) {
        return failed("self-test");
    }
    for (int tenths = 0; tenths <= 60; tenths += 5) {
        if (print_sine(model, (float)tenths / 10) != 0) {
            return 1;
        }
    }
    return 0;
}

int main(void) {
    int result = show();
    board_print("stack: ");
    print_whole((unsigned)board_stack_used());
    board_print(" bytes\n");
    board_print(result == 0 ? "done\n" : "failed\n");
    return result;
}
