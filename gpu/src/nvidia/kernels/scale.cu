// Scales one decoded NV12 or P010 surface to every rung of a ladder in one launch. Not a converter: no matrix, no range.
//
// The argument block is described in gpu/scale/src/block.rs, the arithmetic in gpu/scale/src/lib.rs and reference.rs; the
// structures below mirror the first, and the results must equal the second to the last bit.
//
// A block of threads takes one tile of one plane (blockIdx.z: 0 luma, 1 chroma): it reads the tile and what it shares with
// its neighbours once, side by side, into shared memory. From there it makes, rung after rung, the output samples that
// belong to the tile: rows first into 16-bit values in shared memory, then columns. Nothing is read beyond the region.
//
// Threads share work by strides only, so that any number of them gives the same result: a test compiles this file for the
// host and runs it with one thread. scripts/kernels makes scale.ptx from it, with clang and no CUDA toolkit.

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifdef __CUDA__
#define DEVICE static inline __attribute__((device, always_inline))
#define KERNEL extern "C" __attribute__((global))
#define GLOBAL __attribute__((address_space(1)))
extern __attribute__((shared, aligned(16))) u8 shared_memory[];
DEVICE u32 thread_x() { return __nvvm_read_ptx_sreg_tid_x(); }
DEVICE u32 thread_y() { return __nvvm_read_ptx_sreg_tid_y(); }
DEVICE u32 threads_x() { return __nvvm_read_ptx_sreg_ntid_x(); }
DEVICE u32 threads_y() { return __nvvm_read_ptx_sreg_ntid_y(); }
DEVICE u32 block_x() { return __nvvm_read_ptx_sreg_ctaid_x(); }
DEVICE u32 block_y() { return __nvvm_read_ptx_sreg_ctaid_y(); }
DEVICE u32 block_z() { return __nvvm_read_ptx_sreg_ctaid_z(); }
DEVICE void wait_for_all() { __syncthreads(); }
#else
// Whoever compiles this for the host has defined the above.
#endif

struct Axis {
    u32 out, taps, starts, weights, firsts;
};

struct Rung {
    u64 planes[2];
    u32 pitches[2];
    u32 depth, unused;
    Axis axes[2][2];
};

struct Region {
    u32 x, y, width, height, core_width, core_height, halo_x, halo_y;
};

struct Block {
    u64 planes[2];
    u64 table;
    u32 pitches[2];
    u32 rungs, unused;
    Region regions[2];
    Rung rung[8];
};

static_assert(sizeof(Rung) == 112 && sizeof(Block) == 1000, "as in block.rs");

// Rows of the tile that a thread filters at once: each weight is read once for all of them.
#define ROWS 4

DEVICE u32 smaller(u32 a, u32 b) { return a < b ? a : b; }
DEVICE u32 back(u32 from, u32 by) { return from > by ? from - by : 0; }

DEVICE const GLOBAL int *whole(const Block &block, u32 offset) { return (const GLOBAL int *)(block.table + offset); }

// A sample as a whole number: P010 has its ten bits at the top.
template <typename Sample> DEVICE Sample number(Sample stored) { return sizeof(Sample) == 1 ? stored : stored >> 6; }

// What a thread knows of its tile, in samples of the plane, counted from the region's first.
struct Tile {
    u32 left, top, right, bottom;
};

// Reads the tile and its halo; a row in shared memory is as long as the tile is wide.
template <typename Sample, u32 CHANNELS>
DEVICE void load(const Block &block, const Region &region, u32 plane, Tile tile, Sample *samples) {
    const u32 width = (tile.right - tile.left) * CHANNELS, height = tile.bottom - tile.top;
    for (u32 y = thread_y(); y < height; y += threads_y()) {
        const u64 row = block.planes[plane] + (u64)(region.y + tile.top + y) * block.pitches[plane];
        const GLOBAL Sample *from = (const GLOBAL Sample *)row + (u64)(region.x + tile.left) * CHANNELS;
        for (u32 x = thread_x(); x < width; x += threads_x())
            samples[y * width + x] = number(from[x]);
    }
}

// Rows `from` to `to` of the tile, filtered to 14 bits, for the output columns `begin` to `end`.
template <typename Sample, u32 CHANNELS>
DEVICE void filter_rows(const Block &block, const Axis &axis, Tile tile, const Sample *samples, short *between,
                        u32 from, u32 to, u32 begin, u32 end) {
    const int bits = sizeof(Sample) == 1 ? 8 : 10;
    const GLOBAL int *starts = whole(block, axis.starts);
    const GLOBAL short *weights = (const GLOBAL short *)(block.table + axis.weights);
    const u32 stride = (tile.right - tile.left) * CHANNELS;
    const u32 width = (end - begin) * CHANNELS, rows = to - from;
    const u32 items = (rows + ROWS - 1) / ROWS * width;
    const u32 threads = threads_x() * threads_y();
    for (u32 item = thread_y() * threads_x() + thread_x(); item < items; item += threads) {
        const u32 first = item / width * ROWS, x = item % width;
        const u32 out = begin + x / CHANNELS;
        const Sample *taken[ROWS];
        int sums[ROWS];
        for (u32 k = 0; k < ROWS; k++) {
            // The last rows of the last group are filtered more than once, and written once.
            const u32 y = smaller(first + k, rows - 1) + from - tile.top;
            taken[k] = samples + y * stride + ((u32)starts[out] - tile.left) * CHANNELS + x % CHANNELS;
            sums[k] = 1 << (bits - 1);
        }
        for (u32 tap = 0; tap < axis.taps; tap++) {
            const int weight = weights[tap * axis.out + out];
            for (u32 k = 0; k < ROWS; k++)
                sums[k] += weight * (int)taken[k][tap * CHANNELS];
        }
        for (u32 k = 0; k < ROWS; k++)
            if (first + k < rows)
                between[(first + k) * width + x] = (short)(sums[k] >> bits);
    }
}

// Output rows `begin` to `end`, filtered from rows of which the first is the region's row `from`.
template <u32 CHANNELS>
DEVICE void filter_columns(const Block &block, const Rung &rung, u32 plane, const short *between, u32 from, u32 begin,
                           u32 end, u32 column, u32 columns) {
    const Axis &axis = rung.axes[plane][1];
    const GLOBAL int *starts = whole(block, axis.starts);
    const GLOBAL short *weights = (const GLOBAL short *)(block.table + axis.weights);
    const int most = (1 << rung.depth) - 1;
    const u32 shift = 28 - rung.depth;
    const u32 width = columns * CHANNELS, items = (end - begin) * width;
    const u32 threads = threads_x() * threads_y();
    for (u32 item = thread_y() * threads_x() + thread_x(); item < items; item += threads) {
        const u32 out = begin + item / width, x = item % width;
        const short *taken = between + ((u32)starts[out] - from) * width + x;
        int sum = 1 << (shift - 1);
        for (u32 tap = 0; tap < axis.taps; tap++)
            sum += (int)weights[tap * axis.out + out] * (int)taken[tap * width];
        sum >>= shift;
        const int value = sum < 0 ? 0 : sum > most ? most : sum;
        const u64 row = rung.planes[plane] + (u64)out * rung.pitches[plane];
        const u32 at = column * CHANNELS + x;
        if (rung.depth == 8)
            ((GLOBAL u8 *)row)[at] = (u8)value;
        else
            ((GLOBAL u16 *)row)[at] = (u16)(value << 6);
    }
}

template <typename Sample, u32 CHANNELS> DEVICE void scale_plane(const Block &block, u32 plane) {
    const Region &region = block.regions[plane];
    const u32 x = block_x() * region.core_width, y = block_y() * region.core_height;
    const Tile tile = {back(x, region.halo_x), back(y, region.halo_y),
                       smaller(x + region.core_width + region.halo_x, region.width),
                       smaller(y + region.core_height + region.halo_y, region.height)};
    // Chroma may need a tile less than luma, or luma one less than chroma.
    if (x >= region.width || y >= region.height)
        return;
    Sample *samples = (Sample *)shared_memory;
    const u32 most = (region.core_width + 2 * region.halo_x) * CHANNELS * (region.core_height + 2 * region.halo_y);
    short *between = (short *)(shared_memory + (most * sizeof(Sample) + 3) / 4 * 4);
    load<Sample, CHANNELS>(block, region, plane, tile, samples);
    wait_for_all();
    for (u32 k = 0; k < block.rungs; k++) {
        const Rung &rung = block.rung[k];
        const Axis &across = rung.axes[plane][0], &down = rung.axes[plane][1];
        const u32 left = whole(block, across.firsts)[block_x()], right = whole(block, across.firsts)[block_x() + 1];
        const u32 top = whole(block, down.firsts)[block_y()], bottom = whole(block, down.firsts)[block_y() + 1];
        // The same for every thread of the block: all of them wait below, or none.
        if (left == right || top == bottom)
            continue;
        const u32 from = whole(block, down.starts)[top];
        const u32 to = whole(block, down.starts)[bottom - 1] + down.taps;
        filter_rows<Sample, CHANNELS>(block, across, tile, samples, between, from, to, left, right);
        wait_for_all();
        filter_columns<CHANNELS>(block, rung, plane, between, from, top, bottom, left, right - left);
        wait_for_all();
    }
}

template <typename Sample> DEVICE void scale(const Block &block) {
    if (block_z() == 0)
        scale_plane<Sample, 1>(block, 0);
    else
        scale_plane<Sample, 2>(block, 1);
}

KERNEL void newsreel_scale_nv12(const Block block) { scale<u8>(block); }
KERNEL void newsreel_scale_p010(const Block block) { scale<u16>(block); }
