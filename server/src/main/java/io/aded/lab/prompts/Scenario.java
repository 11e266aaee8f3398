package io.aded.lab.prompts;

import java.util.List;

/**
 * One conversation to be held.
 *
 * @param id unique in its file
 * @param task the benchmark that it comes from, such as {@code mt_bench}
 * @param category the kind of text within it, such as {@code writing}
 * @param turns user messages in order, at least one
 */
public record Scenario(String id, String task, String category, List<String> turns) {
    public Scenario {
        turns = List.copyOf(turns);
    }

    /** The same with its first turn only. */
    public Scenario firstTurn() {
        return new Scenario(id, task, category, turns.subList(0, 1));
    }

    /** What results are grouped by. */
    public enum Grouping {
        TASK,
        CATEGORY;

        /** The group that a scenario belongs to. */
        public String of(Scenario scenario) {
            return this == TASK ? scenario.task() : scenario.category();
        }
    }
}
