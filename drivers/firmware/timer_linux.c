/* The timer of a Linux program: the monotonic clock, in nanoseconds. */
#define _GNU_SOURCE
#include <time.h>
#include "board.h"

#define SECOND 1000000000u

void timer_start(void) { }

uint64_t timer_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

void timer_sleep_until(uint64_t when)
{
    struct timespec until = { .tv_sec = (time_t)(when / SECOND), .tv_nsec = (long)(when % SECOND) };
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}
