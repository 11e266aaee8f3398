package io.aded.engine;

import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import java.util.Arrays;

/**
 * The branches of one draft tree as sequences of the KV cache (tree attention over a cache that knows only sequences).
 *
 * <p>A session that has KV cells owns one sequence id; the most promising leaf of its tree uses that. Every other leaf
 * borrows an id for one round: it shares the history's cells (no copy is made, cells just get another owner), and is
 * cleared after the walk. If the walk ended on a borrowed branch, its new cells are handed to the session's own
 * sequence first.
 *
 * <p>Owned by the engine thread.
 */
final class Branches {
    private final LocalSession session;
    private final TokenTree tree;
    private final TargetContext context;
    private final CellLedger ledger;

    /** The leaves below each node, as bits; bit 0 is the most promising leaf. */
    private final long[] leavesBelow;

    private int[] borrowed = new int[8];
    private int count;

    Branches(LocalSession session, TokenTree tree, TargetContext context, CellLedger ledger) {
        this.session = session;
        this.tree = tree;
        this.context = context;
        this.ledger = ledger;
        leavesBelow = new long[tree.maxDraftNodes() + 1];
    }

    /** Finds the leaves, at most 64, and borrows a sequence for each but the first. There must be so many. */
    void layOut() {
        int leaves = markLeaves();
        for (int leaf = 1; leaf < leaves; leaf++) {
            borrow();
        }
    }

    /** Marks each node with the leaves below it. Returns the number of leaves. */
    private int markLeaves() {
        int size = tree.size();
        int mainLeaf = 0;
        for (int child = oldestChild(mainLeaf); child >= 0; child = oldestChild(mainLeaf)) {
            mainLeaf = child;
        }
        Arrays.fill(leavesBelow, 0, size, 0L);
        leavesBelow[mainLeaf] = 1L;
        int leaves = 1;
        for (int node = size - 1; node >= 0; node--) {
            if (tree.firstChild(node) < 0 && node != mainLeaf) {
                leavesBelow[node] = 1L << leaves++;
            }
            if (node > 0) {
                leavesBelow[tree.parent(node)] |= leavesBelow[node];
            }
        }
        return leaves;
    }

    private int oldestChild(int node) {
        int oldest = -1;
        for (int child = tree.firstChild(node); child >= 0; child = tree.nextSibling(child)) {
            oldest = child;
        }
        return oldest;
    }

    private void borrow() {
        if (count == borrowed.length) {
            borrowed = Arrays.copyOf(borrowed, count * 2);
        }
        int sequence = ledger.takeSequence();
        borrowed[count++] = sequence;
        context.shareTokens(session.sequence(), sequence, 0, session.committed());
    }

    /** The leaves below a node, as bits; valid after {@link #layOut}. */
    long leavesBelow(int node) {
        return leavesBelow[node];
    }

    /** Borrowed sequences, one less than there are leaves. */
    int borrowed() {
        return count;
    }

    /** The sequence id of a leaf's bit. */
    int sequence(int leaf) {
        return leaf == 0 ? session.sequence() : borrowed[leaf - 1];
    }

    /** Makes the path to an accepted node part of the session's sequence, and drops all else. */
    void keep(int lastAccepted) {
        long below = leavesBelow[lastAccepted];
        int winner = (below & 1L) != 0 ? 0 : Long.numberOfTrailingZeros(below);
        int root = session.committed();
        int kept = root + 1 + tree.depth(lastAccepted);
        if (winner == 0) {
            context.removeTokens(session.sequence(), kept, -1);
        } else {
            context.removeTokens(session.sequence(), root + 1, -1);
            context.shareTokens(sequence(winner), session.sequence(), root + 1, kept);
        }
        clear();
    }

    /** Gives all borrowed sequences back, empty. */
    void clear() {
        while (count > 0) {
            int sequence = borrowed[--count];
            context.removeTokens(sequence, 0, -1);
            ledger.returnSequence(sequence);
        }
    }
}
