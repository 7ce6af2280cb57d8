/* The second serial line: a host runs and times the network through it. The functions are those a lathe_port asks for. */
#ifndef DEBUG_PORT_H
#define DEBUG_PORT_H

#include <stddef.h>

/* Turns it on. Its interrupt waits for control's. */
void debug_port_start(void);

/* Takes bytes that came, without waiting. */
size_t debug_port_read(void *context, void *bytes, size_t capacity);

/* Sends bytes. */
void debug_port_write(void *context, const void *bytes, size_t length);

#endif
