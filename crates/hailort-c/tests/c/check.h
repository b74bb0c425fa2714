/* What all programs have in common: checks that end the program and say where. */
#pragma once
#include "hailo/hailort.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition) \
    do { if (!(condition)) { fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); exit(1); } } while (0)

/* The status that a call has to answer. */
#define EXPECT(wanted, call) \
    do { \
        unsigned answered = (unsigned)(call); \
        if (answered != (unsigned)(wanted)) { \
            fprintf(stderr, "%s:%d: %s answers %u, not %u\n", __FILE__, __LINE__, #call, answered, (unsigned)(wanted)); \
            exit(1); \
        } \
    } while (0)

#define OK(call) EXPECT(HAILO_SUCCESS, call)

/* The path of a file in the folder that is the first argument. */
static inline const char *in_folder(char **argv, const char *name)
{
    static char path[4096];
    snprintf(path, sizeof(path), "%s/%s", argv[1], name);
    return path;
}

/* A virtual device of one device. */
static inline hailo_vdevice open_vdevice(unsigned scheduling)
{
    hailo_vdevice_params_t params;
    hailo_vdevice vdevice;
    OK(hailo_init_vdevice_params(&params));
    params.scheduling_algorithm = scheduling;
    OK(hailo_create_vdevice(&params, &vdevice));
    return vdevice;
}
