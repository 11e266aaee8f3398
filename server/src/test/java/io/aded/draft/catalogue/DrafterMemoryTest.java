package io.aded.draft.catalogue;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.draft.DraftLimits;
import io.aded.draft.Drafter;
import io.aded.model.TokenTree;
import io.aded.model.TopTokens;
import io.aded.testing.Seeds;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * However long a stream goes on, what its drafter learned stays within 16 MiB. {@code -Daded.soak.tokens=20000000}
 * makes the stream as long as one likes.
 */
class DrafterMemoryTest {
    private static final long MOST_BYTES = 16L << 20;
    private static final int VOCABULARY = 128_000;
    private static final int TOKENS = Integer.getInteger("aded.soak.tokens", 220_000);
    private static final long SEED = Seeds.orElse(20260101);
    private static final DraftLimits LIMITS = new DraftLimits(12, 8, 4);

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final TopTokens view = new TopTokens(8);
    private final TokenTree tree = new TokenTree(LIMITS.maxNodes());
    private long seen;

    @ParameterizedTest
    @MethodSource("io.aded.draft.catalogue.Drafters#withoutModel")
    void stateBytes_longStreamOfManyTokens_staysWithinItsBound(DrafterKind mode) {
        Drafter drafter = mode.create(DrafterSettings.DEFAULT.withLearnWholePrompt(true));
        long halfway = 0;
        while (seen < TOKENS) {
            // As in a conversation: a prompt, then an answer.
            int[] prompt = random.ints(2_000, 0, VOCABULARY).toArray();
            drafter.learnPrompt(prompt, 0, prompt.length);
            seen += prompt.length;
            answer(drafter, 200);
            assertThat(drafter.stateBytes())
                    .as("after %d tokens, seed %d", seen, SEED)
                    .isLessThanOrEqualTo(MOST_BYTES);
            if (halfway == 0 && seen >= TOKENS / 2) {
                halfway = drafter.stateBytes();
            }
        }
        assertThat(drafter.stateBytes()).as("grown to its bound by half time").isEqualTo(halfway);
        assertThat(arrayBytes(drafter)).as("what the arrays take").isBetween(halfway * 9 / 10, halfway * 11 / 10);
    }

    /** Rounds in which as much of the draft is accepted as chance says; every node's view is shown. */
    private void answer(Drafter drafter, int rounds) {
        int last = random.nextInt(VOCABULARY);
        drafter.learnPrompt(new int[] {last}, 0, 1);
        for (int round = 0; round < rounds; round++) {
            tree.reset(last);
            drafter.draft(tree, LIMITS);
            for (int node = 0; node < tree.size(); node++) {
                for (int i = 0; i < view.capacity(); i++) {
                    view.tokenArray()[i] = random.nextInt(VOCABULARY);
                    view.logitArray()[i] = -i - 1;
                }
                view.filled(view.capacity(), 0);
                drafter.observe(tree, node, view);
            }
            int accepted = random.nextInt(tree.size());
            last = random.nextInt(VOCABULARY);
            drafter.accept(tree, accepted, last);
            drafter.share();
            seen += tree.depth(accepted) + 1;
        }
    }

    /** The bytes of all arrays that can be reached from an object through the drafters' classes. */
    private static long arrayBytes(Object root) {
        Set<Object> known = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>();
        open.add(root);
        long bytes = 0;
        while (!open.isEmpty()) {
            Object object = open.poll();
            if (!known.add(object)) {
                continue;
            }
            Class<?> type = object.getClass();
            if (type.isArray()) {
                bytes += (long) Array.getLength(object) * elementBytes(type.getComponentType());
                continue;
            }
            for (Class<?> part = type; isOurs(part); part = part.getSuperclass()) {
                for (Field field : part.getDeclaredFields()) {
                    if (!Modifier.isStatic(field.getModifiers())
                            && !field.getType().isPrimitive()) {
                        Object value = value(field, object);
                        if (value != null && (value.getClass().isArray() || isOurs(value.getClass()))) {
                            open.add(value);
                        }
                    }
                }
            }
        }
        return bytes;
    }

    private static boolean isOurs(Class<?> type) {
        return type.getPackageName().startsWith(Drafter.class.getPackageName());
    }

    private static Object value(Field field, Object owner) {
        try {
            field.setAccessible(true);
            return field.get(owner);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static int elementBytes(Class<?> type) {
        if (type == long.class || type == double.class) {
            return 8;
        }
        if (type == byte.class || type == boolean.class) {
            return 1;
        }
        return type == short.class || type == char.class ? 2 : 4;
    }
}
