package io.aded.client;

/**
 * The size of a prompt.
 *
 * @param tokens tokens that it takes, chat template included
 * @param contextTokens tokens that the context holds, prompt and answer together
 */
public record TokenCount(int tokens, int contextTokens) {}
