package io.aded.draft.adaptive;

import io.aded.model.TokenTree;

/**
 * Somebody who knows more of some nodes of a draft than the table does: changes what the search is offered there.
 *
 * <p>Nodes are refined in the order in which the search takes them, the root first, each once and before any child.
 */
public interface Refinement {

    /**
     * Changes what may follow a node. Whatever is left must be sorted, most probable first, have no token twice, and
     * add up to 1 at most.
     *
     * @param tree with the node in it
     * @param node 0 for the root
     * @param tokens the table's proposals are at {@code from} and after it
     * @param probabilities that each of them follows if the node is accepted
     * @param from where the node's proposals begin in both arrays
     * @param count how many there are
     * @param most how many there may be
     * @return how many there are now
     */
    int refine(TokenTree tree, int node, int[] tokens, float[] probabilities, int from, int count, int most);

    /** The tag of a node that the search takes into the tree, for a token that was proposed to follow its parent. */
    int tag(int parent, int token);
}
