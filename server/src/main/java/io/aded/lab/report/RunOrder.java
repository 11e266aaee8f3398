package io.aded.lab.report;

import java.util.SplittableRandom;

/**
 * Who answers first. Modes run in blocks of as many prompts as there are modes: a block has one random order, which is
 * turned by one place from prompt to prompt. So each mode runs at each place, and after a block's worth of prompts
 * equally often, and no drift of the machine favours one.
 */
public final class RunOrder {
    private final int modes;
    private final long seed;

    /** The order of so many modes. */
    public RunOrder(int modes, long seed) {
        this.modes = modes;
        this.seed = seed;
    }

    /** The modes in the order in which they answer the {@code visit}-th prompt, from 0. */
    public int[] order(int visit) {
        SplittableRandom random = new SplittableRandom(seed * 31 + visit / modes);
        int[] block = new int[modes];
        for (int i = 0; i < modes; i++) {
            int j = random.nextInt(i + 1);
            block[i] = block[j];
            block[j] = i;
        }
        int[] order = new int[modes];
        for (int i = 0; i < modes; i++) {
            order[i] = block[(i + visit) % modes];
        }
        return order;
    }
}
