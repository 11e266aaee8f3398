package io.aded.grammar;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A set of ways out of a rule: frames, each the node to go on at and the ways out from there. A vertex of a
 * graph-structured stack. Immutable; within one {@link Stacks} equal ones are one object.
 */
final class Returns {
    /** The frames by rising node, and for equal nodes by rising serial number of what lies beyond. */
    private final int[] nodes;

    private final Returns[] beyond;

    /** Whether the whole text may end where the rule ends. */
    private final boolean bottom;

    /** Whether it is unknown who refers to the rule: the place was looked at by itself. */
    private final boolean outside;

    private final int serial;
    private final int hash;

    /** The set that is like this one for the next few bytes; null for itself. */
    private @Nullable Returns alike;

    private Returns(int[] nodes, Returns[] beyond, boolean bottom, boolean outside, int serial) {
        this.nodes = nodes;
        this.beyond = beyond;
        this.bottom = bottom;
        this.outside = outside;
        this.serial = serial;
        int code = (bottom ? 1 : 0) + (outside ? 2 : 0);
        for (int i = 0; i < nodes.length; i++) {
            code = 31 * (31 * code + nodes[i]) + beyond[i].serial;
        }
        hash = code;
    }

    int frames() {
        return nodes.length;
    }

    int node(int frame) {
        return nodes[frame];
    }

    Returns beyond(int frame) {
        return beyond[frame];
    }

    boolean bottom() {
        return bottom;
    }

    boolean outside() {
        return outside;
    }

    /** The first set that is like this one for the next few bytes. */
    Returns alike() {
        Returns other = alike;
        return other == null ? this : other;
    }

    /** Differs from every other one's. */
    int serial() {
        return serial;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Returns returns
                && returns.bottom == bottom
                && returns.outside == outside
                && Arrays.equals(returns.nodes, nodes)
                && same(returns.beyond, beyond);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** Whether both hold the same objects: equal returns are one. */
    @SuppressWarnings("ReferenceEquality")
    static boolean same(Returns[] a, Returns[] b) {
        if (a.length != b.length) {
            return false;
        }
        for (int i = 0; i < a.length; i++) {
            if (a[i] != b[i]) {
                return false;
            }
        }
        return true;
    }

    /** All returns of a machine, each once. */
    static final class Stacks {
        private final Map<Returns, Returns> known = new HashMap<>();
        private final Automaton automaton;
        private int serials;
        private long frames;

        /** Nothing to return to: the whole text may end here. */
        private final Returns bottom = new Returns(new int[0], new Returns[0], true, false, serials++);

        /** Somewhere unknown to return to. */
        private final Returns outside = new Returns(new int[0], new Returns[0], false, true, serials++);

        Returns bottom() {
            return bottom;
        }

        Returns outside() {
            return outside;
        }

        Stacks(Automaton automaton) {
            this.automaton = automaton;
        }

        /** How many frames there are in all. */
        long frames() {
            return frames;
        }

        /** Forgets all. Those that are in use live on, but equal ones will be other objects. */
        void clear() {
            known.clear();
            frames = 0;
        }

        private Returns kept(int[] nodes, Returns[] beyond, boolean bottom, boolean outside) {
            Returns made = new Returns(nodes, beyond, bottom, outside, serials++);
            Returns before = known.putIfAbsent(made, made);
            if (before != null) {
                return before;
            }
            frames += 1 + nodes.length;
            findAlike(made);
            return made;
        }

        @SuppressWarnings("ReferenceEquality")
        private void findAlike(Returns made) {
            boolean differs = false;
            for (int i = 0; i < made.nodes.length; i++) {
                differs |= automaton.alike(made.nodes[i]) != made.nodes[i] || made.beyond[i].alike() != made.beyond[i];
            }
            if (differs) {
                Gathering gathering = new Gathering(this);
                for (int i = 0; i < made.nodes.length; i++) {
                    gathering.add(automaton.alike(made.nodes[i]), made.beyond[i].alike());
                }
                gathering.bottom = made.bottom;
                gathering.outside = made.outside;
                made.alike = gathering.end();
            }
        }
    }

    /** Gathers frames into a set. May be used again. */
    static final class Gathering {
        private final Stacks stacks;
        private Frame[] frames = new Frame[8];
        private int count;
        private boolean bottom;
        private boolean outside;
        /** The only set that was added, while there is nothing else. */
        private @Nullable Returns only;

        private boolean mixed;

        private record Frame(int node, Returns beyond) implements Comparable<Frame> {
            @Override
            public int compareTo(Frame other) {
                return node != other.node
                        ? Integer.compare(node, other.node)
                        : Integer.compare(beyond.serial, other.beyond.serial);
            }
        }

        Gathering(Stacks stacks) {
            this.stacks = stacks;
        }

        /** Begins another set. */
        void begin() {
            Arrays.fill(frames, 0, count, null);
            count = 0;
            bottom = false;
            outside = false;
            only = null;
            mixed = false;
        }

        void add(int node, Returns beyond) {
            unfold();
            append(new Frame(node, beyond));
        }

        /** Adds all frames of a set, and returns how much work that was. */
        @SuppressWarnings("ReferenceEquality")
        int addAll(Returns set) {
            if (set == only) {
                return 1;
            }
            if (only == null && !mixed) {
                only = set;
                return 1;
            }
            unfold();
            unfold(set);
            return 1 + set.nodes.length;
        }

        private void unfold() {
            mixed = true;
            if (only != null) {
                Returns first = only;
                only = null;
                unfold(first);
            }
        }

        private void unfold(Returns set) {
            bottom |= set.bottom;
            outside |= set.outside;
            for (int i = 0; i < set.nodes.length; i++) {
                append(new Frame(set.nodes[i], set.beyond[i]));
            }
        }

        private void append(Frame frame) {
            if (count == frames.length) {
                frames = Arrays.copyOf(frames, count * 2);
            }
            frames[count++] = frame;
        }

        @SuppressWarnings("ReferenceEquality")
        Returns end() {
            if (only != null) {
                return only;
            }
            Arrays.sort(frames, 0, count);
            int kept = 0;
            for (int i = 0; i < count; i++) {
                if (kept == 0
                        || frames[i].node != frames[kept - 1].node
                        || frames[i].beyond != frames[kept - 1].beyond) {
                    frames[kept++] = frames[i];
                }
            }
            int[] nodes = new int[kept];
            Returns[] beyond = new Returns[kept];
            for (int i = 0; i < kept; i++) {
                nodes[i] = frames[i].node;
                beyond[i] = frames[i].beyond;
            }
            return stacks.kept(nodes, beyond, bottom, outside);
        }
    }
}
