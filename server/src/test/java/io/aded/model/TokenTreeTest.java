package io.aded.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TokenTreeTest {
    /** Root 1 with children 2 and 3; 2 has children 4 and 5. */
    private static TokenTree tree() {
        TokenTree tree = new TokenTree(8);
        tree.reset(1);
        int two = tree.add(0, 2, 0.6f);
        tree.add(two, 4, 0.5f);
        tree.add(0, 3, 0.3f);
        tree.add(two, 5, 0.1f);
        return tree;
    }

    @Test
    void child_presentAndAbsent() {
        TokenTree tree = tree();
        assertThat(tree.child(0, 3)).isEqualTo(3);
        assertThat(tree.child(1, 5)).isEqualTo(4);
        assertThat(tree.child(1, 3)).isEqualTo(-1);
        assertThat(tree.leaves()).isEqualTo(3);
        assertThat(tree.maxDepth()).isEqualTo(2);
        assertThat(tree.draftNodes()).isEqualTo(4);
    }

    @Test
    void add_whenFull_refuses() {
        TokenTree tree = new TokenTree(1);
        tree.reset(1);
        assertThat(tree.add(0, 2, 1f)).isEqualTo(1);
        assertThat(tree.add(0, 3, 1f)).isEqualTo(-1);
        assertThat(tree.size()).isEqualTo(2);
    }

    @Test
    void truncate_toAPrefix_isTheTreeThatStoodThen() {
        TokenTree tree = tree();
        tree.truncate(3);
        assertThat(tree.size()).isEqualTo(3);
        assertThat(tree.child(0, 3)).isEqualTo(-1);
        assertThat(tree.child(1, 5)).isEqualTo(-1);
        assertThat(tree.child(1, 4)).isEqualTo(2);
        assertThat(tree.leaves()).isEqualTo(1);
        assertThatThrownBy(() -> tree.truncate(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void retain_droppingAnInnerNode_dropsWhatIsBelow() {
        TokenTree tree = tree();
        tree.retain(new boolean[] {true, false, true, true, true});
        assertThat(tree.size()).isEqualTo(2);
        assertThat(tree.token(1)).isEqualTo(3);
        assertThat(tree.parent(1)).isZero();
        assertThat(tree.child(0, 2)).isEqualTo(-1);
        assertThat(tree.probability(1)).isEqualTo(0.3f);
    }
}
