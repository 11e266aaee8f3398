package io.aded.grammar;

import io.aded.model.ListedVocabulary;
import java.util.stream.IntStream;

/** A token for each byte, and one that ends. */
final class Bytes {
    private Bytes() {}

    static VocabularyTrie trie() {
        return VocabularyTrie.of(ListedVocabulary.withEnd(IntStream.range(0, 256)
                .mapToObj(value -> new byte[] {(byte) value})
                .toList()));
    }
}
