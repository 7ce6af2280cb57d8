/* Lathe's device runtime for C and C++, on Linux and in firmware.
 *
 * On Linux, link with liblathe.a (-lpthread -ldl -lm) or liblathe.so; a model may be used by one thread at a time. In
 * firmware, link with liblathe.a for the processor's target, or with what `host-compiler compile --emit staticlib`
 * makes, which has it inside; functions may not interrupt each other, in interrupt handlers too. Nothing there allocates
 * or ends the program.
 *
 * Every function that can fail returns a lathe_status; lathe_last_error() says in words what went wrong.
 *
 * An artifact is a program that runs with this one: open only what the compiler made.
 */
#ifndef LATHE_H
#define LATHE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A loaded model. */
typedef struct lathe_model lathe_model;

/* How a call ended: 0 or one of the numbers below. */
typedef int32_t lathe_status;
#define LATHE_OK 0
#define LATHE_ERROR_ARGUMENT 1 /* a null pointer, or a text that is not UTF-8 */
#define LATHE_ERROR_FILE 2     /* the file cannot be read */
#define LATHE_ERROR_ARTIFACT 3 /* the artifact is refused: damaged, for another machine, of another version */
#define LATHE_ERROR_MEMORY 4   /* not enough memory, misaligned memory, or no executable memory */
#define LATHE_ERROR_THREADS 5  /* the threads cannot be had */
#define LATHE_ERROR_NAME 6     /* no such input or output */
#define LATHE_ERROR_TYPE 7     /* the element type or the number of bytes is another */
#define LATHE_ERROR_NUMBERS 8  /* the self-test fails, or there is none */

/* Element type of a tensor. */
typedef uint32_t lathe_dtype;
#define LATHE_F32 1
#define LATHE_F16 2
#define LATHE_F64 3
#define LATHE_BOOL 4
#define LATHE_I8 5
#define LATHE_U8 6
#define LATHE_I16 7
#define LATHE_U16 8
#define LATHE_I32 9
#define LATHE_U32 10
#define LATHE_I64 11
#define LATHE_U64 12

/* An input or output. Pointers live as long as the model. */
typedef struct lathe_tensor {
    const char *name;     /* its name in the model */
    const uint32_t *dims; /* its dimensions, outermost first */
    size_t rank;          /* number of dimensions */
    size_t bytes;         /* its size */
    lathe_dtype dtype;    /* its element type */
    int32_t zero_point;   /* quantised tensors: real = scale * (stored - zero_point) */
    float scale;          /* 0 for tensors that are not quantised */
} lathe_tensor;

#if defined(__linux__)

/* Loads the artifact in the file at path; threads 0 means one per CPU. The file must not be written to while the model
 * is loaded. The model is null when this fails. */
lathe_status lathe_open(const char *path, size_t threads, lathe_model **model);

/* Loads a copy of the artifact of length bytes at bytes. The model is null when this fails. */
lathe_status lathe_open_memory(const void *bytes, size_t length, size_t threads, lathe_model **model);

/* Frees a model; null is allowed. */
void lathe_close(lathe_model *model);

#else

/* Loads the artifact of length bytes at artifact, in place, into memory of the caller's: static, aligned and as large as
 * the header that the compiler wrote beside the model says. The artifact is where the processor may execute, aligned as
 * that header says. Artifact and memory are left alone while the model is in use; there is nothing to free. The model is
 * null when this fails. */
lathe_status lathe_load(const void *artifact, size_t length, void *memory, size_t memory_bytes, lathe_model **model);

/* Bytes of that memory, at most, that a model takes besides its tensors, their descriptions and names. */
#define LATHE_MODEL_BYTES (80 * sizeof(void *))

/* A server, through which a host times, profiles and runs the model over a byte link: `host-compiler time --profile
 * --device serial:PORT`. The firmware goes on meanwhile. */
typedef struct lathe_server lathe_server;

/* What the server needs of the firmware. Its functions are called from lathe_server_start and lathe_server_poll only, with
 * context. */
typedef struct lathe_port {
    void *context;
    /* Takes bytes that came from the host, at most capacity, and gives how many; 0 when there are none. Does not wait: let
     * an interrupt keep what comes while the main loop is busy, 1024 bytes at the least. Bytes may be lost. */
    size_t (*read)(void *context, void *bytes, size_t capacity);
    /* Sends bytes to the host. May wait for the line, but not for the host: no flow control. */
    void (*write)(void *context, const void *bytes, size_t length);
    /* A counter that counts up, and after 2^32 - 1 from 0 again: the cycle counter, a timer. Its way must take longer than
     * a run of the model. If it counts on in interrupts, the times the host is told include them. */
    uint32_t (*ticks)(void *context);
    /* A piece of the main loop's other work, or null: called between the runs and steps of a measurement, outside what is
     * timed, since these keep lathe_server_poll busy for as long as the host asks. It may use other models, and must not
     * call lathe_server_poll. */
    void (*between)(void *context);
    uint32_t ticks_per_second;
} lathe_port;

/* Makes a server for the artifact of length bytes at artifact, in memory of the caller's: static, at a multiple of 8, and
 * as large as the header that the compiler wrote beside the model says (SERVER_BYTES). The model there is another than
 * lathe_load's of the same artifact: both may be used in turn. Artifact and memory are left alone from then on; the port is
 * copied. The host can bring no other model. The server is null when this fails. */
lathe_status lathe_server_start(const lathe_port *port, const void *artifact, size_t length, void *memory, size_t memory_bytes,
                                lathe_server **server);

/* Takes bytes that came and acts on the requests that end in them: call it from the main loop, again and again. What is no
 * request is told to the host and dropped. */
lathe_status lathe_server_poll(lathe_server *server);

/* Bytes of stack, at most, that a server needs below its caller besides what the model's header says (STACK_BYTES) and what
 * the port's functions use. */
#define LATHE_SERVER_STACK_BYTES 2048

/* Bytes of a server's memory, at most, besides what the model needs. */
#define LATHE_SERVER_BYTES (2048 + 208 * sizeof(void *))

#endif

/* Number of inputs; 0 for null. */
size_t lathe_input_count(const lathe_model *model);

/* Number of outputs; 0 for null. */
size_t lathe_output_count(const lathe_model *model);

/* Input number index; null when there is none. */
const lathe_tensor *lathe_input(const lathe_model *model, size_t index);

/* Output number index; null when there is none. */
const lathe_tensor *lathe_output(const lathe_model *model, size_t index);

/* Sets the input name to bytes of data, elements of type dtype in memory order. On Linux inputs keep their values from
 * run to run; in firmware a run may use their memory, so set them before each. Data may be null when bytes is 0. */
lathe_status lathe_set_input(lathe_model *model, const char *name, lathe_dtype dtype, const void *data, size_t bytes);

/* The memory of the input name, of type dtype, to write its elements to before a run; null when there is no such input of
 * this type. */
void *lathe_input_data(lathe_model *model, const char *name, lathe_dtype dtype);

/* Runs the model on the inputs set. */
lathe_status lathe_run(lathe_model *model);

/* Runs one step, so that other work can be done between steps, and writes how many are left of this run: at 0 the outputs
 * are ready, and the next call begins a new run. A null steps_left is allowed. */
lathe_status lathe_step(lathe_model *model, size_t *steps_left);

/* The elements of the output name, of type dtype; null when there is no such output of this type. Valid after a run,
 * until an input is written or the next run begins: in firmware inputs and outputs may share memory. */
const void *lathe_output_data(const lathe_model *model, const char *name, lathe_dtype dtype);

/* Runs the artifact's self-test. In firmware inputs and outputs are the self-test's afterwards. */
lathe_status lathe_verify(lathe_model *model);

/* What went wrong in the last call that failed (on Linux: of this thread); valid until the next that fails. Never null. */
const char *lathe_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
