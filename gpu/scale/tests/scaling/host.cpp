// Runs scale.cu on the host, one block of threads after the other: host KERNEL COLUMNS ROWS SHARED THREADS END <in >out
//
// In: the argument block (1000 bytes), then buffers, each as a u64 length and its bytes. An address in the block is
// (buffer + 1) << 40 | offset. Out: the buffers. Every buffer and the shared memory lie against a page that cannot be
// touched, behind them if END is 1 and before them if it is 0.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define DEVICE static inline
#define KERNEL extern "C"
#define GLOBAL
static thread_local unsigned thread_number;
static unsigned thread_count, block_at[3];
static unsigned char *shared_memory;
static pthread_barrier_t barrier;
DEVICE unsigned thread_x() { return thread_number; }
DEVICE unsigned thread_y() { return 0; }
DEVICE unsigned threads_x() { return thread_count; }
DEVICE unsigned threads_y() { return 1; }
DEVICE unsigned block_x() { return block_at[0]; }
DEVICE unsigned block_y() { return block_at[1]; }
DEVICE unsigned block_z() { return block_at[2]; }
DEVICE void wait_for_all() { pthread_barrier_wait(&barrier); }

#include "../../../src/nvidia/kernels/scale.cu"

static bool at_end;

static unsigned char *guarded(size_t bytes) {
    const size_t page = 4096, inside = (bytes + page - 1) / page * page;
    unsigned char *all =
        (unsigned char *)mmap(0, inside + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(all + page, inside, PROT_READ | PROT_WRITE);
    return all + page + (at_end ? inside - bytes : 0);
}

static unsigned char *buffers[64];
static size_t lengths[64];

static void relocate(u64 &address) {
    const u64 buffer = address >> 40;
    if (buffer) address = (u64)(buffers[buffer - 1] + (address & 0xffffffffff));
}

struct Launch {
    Block block;
    bool ten;
    unsigned columns, rows;
};

struct Thread {
    Launch *launch;
    unsigned number;
};

static void *run(void *argument) {
    const Thread *thread = (Thread *)argument;
    thread_number = thread->number;
    const Launch *launch = thread->launch;
    for (unsigned at = 0; at < launch->columns * launch->rows * 2; at++) {
        if (thread_number == 0) {
            block_at[0] = at % launch->columns;
            block_at[1] = at / launch->columns % launch->rows;
            block_at[2] = at / launch->columns / launch->rows;
        }
        wait_for_all();
        launch->ten ? newsreel_scale_p010(launch->block) : newsreel_scale_nv12(launch->block);
        wait_for_all();
    }
    return 0;
}

int main(int, char **arguments) {
    static Launch launch;
    launch.ten = !strcmp(arguments[1], "newsreel_scale_p010");
    launch.columns = atoi(arguments[2]);
    launch.rows = atoi(arguments[3]);
    thread_count = atoi(arguments[5]);
    at_end = atoi(arguments[6]);
    shared_memory = guarded(atoi(arguments[4]));
    if (fread(&launch.block, sizeof launch.block, 1, stdin) != 1) return 1;
    unsigned count = 0;
    u64 length;
    while (fread(&length, 8, 1, stdin) == 1) {
        lengths[count] = length;
        buffers[count] = guarded(length);
        if (fread(buffers[count], 1, length, stdin) != length) return 1;
        count++;
    }
    relocate(launch.block.planes[0]);
    relocate(launch.block.planes[1]);
    relocate(launch.block.table);
    for (Rung &rung : launch.block.rung)
        for (u64 &plane : rung.planes) relocate(plane);
    pthread_barrier_init(&barrier, 0, thread_count);
    static Thread threads[64];
    pthread_t handles[64];
    for (unsigned n = 0; n < thread_count; n++) {
        threads[n] = {&launch, n};
        pthread_create(&handles[n], 0, run, &threads[n]);
    }
    for (unsigned n = 0; n < thread_count; n++) pthread_join(handles[n], 0);
    for (unsigned n = 0; n < count; n++) fwrite(buffers[n], 1, lengths[n], stdout);
    return 0;
}
