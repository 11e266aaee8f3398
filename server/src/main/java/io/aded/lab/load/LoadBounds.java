package io.aded.lab.load;

/**
 * How long a run may go on.
 *
 * @param requests jobs of each mode; 0 for no bound but time
 * @param nanos of each mode, all blocks together; 0 for no bound but requests
 * @param blocks parts that these are split into, at least 1
 * @param warmUp jobs of each mode that come first and are not counted
 * @param seed of arrivals and of the order of modes
 */
public record LoadBounds(int requests, long nanos, int blocks, int warmUp, long seed) {
    /** Job numbers from here on are no block's: warm-up uses them. */
    static final int WARM_UP_JOBS = 1 << 30;

    int firstJob(int block) {
        // With no bound on the requests, all job numbers that there are.
        return (int) ((long) (requests == 0 ? WARM_UP_JOBS : requests) * block / blocks);
    }

    int jobs(int block) {
        return firstJob(block + 1) - firstJob(block);
    }

    long blockNanos() {
        return nanos == 0 ? Long.MAX_VALUE : nanos / blocks;
    }
}
