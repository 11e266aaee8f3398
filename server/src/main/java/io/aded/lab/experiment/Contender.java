package io.aded.lab.experiment;

import io.aded.lab.prompts.Scenario;
import java.util.List;

/** A way of answering. Not thread-safe. */
interface Contender extends AutoCloseable {

    /**
     * Holds one conversation from an empty history, and forgets it.
     *
     * @return one answer a turn, in order; fewer if the context is full before the last
     */
    List<Answer> answer(Scenario scenario, ExperimentSettings settings);

    @Override
    default void close() {}
}
