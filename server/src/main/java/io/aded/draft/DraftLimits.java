package io.aded.draft;

/**
 * Bounds of one draft tree.
 *
 * @param maxNodes draft nodes beside the root, 0 or more
 * @param maxDepth the longest path below the root
 * @param maxBranches leaves; every leaf costs a sequence id and walks over the KV cells
 */
public record DraftLimits(int maxNodes, int maxDepth, int maxBranches) {}
