/* The firmware as a Linux program: `PROGRAM FILE` maps FILE where the mailbox lies and runs the
 * same main as a board does. A fatal signal leaves its crash record in the mailbox. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>
#include "board.h"

extern unsigned long trap_registers[31];
extern uint32_t __stack_bottom[], __stack_top[];
void run_firmware(void);
void firmware_crash(unsigned long cause, unsigned long pc, unsigned long value);

static void crash(int number, siginfo_t *info, void *context)
{
    const ucontext_t *at = context;
    for (int i = 0; i < 31; i++)
        trap_registers[i] = at->uc_mcontext.__gregs[1 + i];
    firmware_crash((unsigned long)number, at->uc_mcontext.__gregs[0],
                   (unsigned long)(uintptr_t)info->si_addr);
    _exit(128 + number);
}

static void catch_signals(void)
{
    static const int fatal[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    struct sigaction action = { .sa_sigaction = crash, .sa_flags = SA_SIGINFO };
    for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++)
        sigaction(fatal[i], &action, NULL);
}

static int map_mailbox(const char *path)
{
    struct stat found;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0 || fstat(file, &found) < 0)
        return -1;
    if (found.st_size < (off_t)MAILBOX_ROOM)
        return -1;
    void *wanted = (void *)(uintptr_t)MAILBOX_BASE;
    void *mapped = mmap(wanted, MAILBOX_ROOM, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0);
    close(file);
    return mapped == wanted ? 0 : -1;
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fprintf(stderr, "usage: %s FILE, which is to be shared with the host\n", arguments[0]);
        return 2;
    }
    if (map_mailbox(arguments[1]) < 0) {
        fprintf(stderr, "cannot map %u bytes of %s\n", MAILBOX_ROOM, arguments[1]);
        return 2;
    }
    catch_signals();
    for (uint32_t *word = __stack_bottom; word < __stack_top; word++)
        *word = STACK_PAINT;
    run_firmware();
    return 0;
}
