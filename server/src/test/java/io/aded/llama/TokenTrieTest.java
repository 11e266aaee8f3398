package io.aded.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenTrieTest {
    @TempDir
    private static Path directory;

    @Test
    void of_tinyVocabulary_reachesEachTokenOnceBelowItsPrefixes() {
        try (Tiny tiny = new Tiny(LlamaLibrary.bundled(), directory)) {
            LlamaVocabulary vocabulary = (LlamaVocabulary) tiny.model.vocabulary();
            TokenTrie trie = vocabulary.trie();
            int[] pending = new int[vocabulary.size()];
            int end = trie.appendRoots(pending, 0);
            Set<Integer> seen = new HashSet<>();
            for (int i = 0; i < end; i++) {
                assertThat(seen.add(pending[i])).isTrue();
            }
            int[] below = new int[vocabulary.size()];
            while (end > 0) {
                int token = pending[--end];
                int count = trie.appendChildren(token, below, 0);
                assertThat(count == 0 || !vocabulary.endsGeneration(token)).isTrue();
                for (int i = 0; i < count; i++) {
                    assertThat(vocabulary.startsWith(below[i], token)).isTrue();
                    assertThat(seen.add(below[i])).isTrue();
                    pending[end++] = below[i];
                }
            }
            assertThat(seen).hasSize(vocabulary.size());
        }
    }
}
