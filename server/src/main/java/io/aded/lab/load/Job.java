package io.aded.lab.load;

import java.util.ArrayList;
import java.util.List;

/**
 * What one caller asks, decided before anything is sent.
 *
 * @param number counts from 0; the same number is the same job in every mode
 * @param turns questions in order, at least one
 */
record Job(int number, List<Question> turns) {
    Job {
        turns = List.copyOf(turns);
    }

    /**
     * One question.
     *
     * @param text of the user's message
     * @param maxTokens of the answer
     * @param seed of its sampling
     */
    record Question(String text, int maxTokens, int seed) {}

    /** The same with short answers. */
    Job brief(int tokens) {
        List<Question> shorter = new ArrayList<>();
        for (Question question : turns) {
            shorter.add(new Question(question.text(), Math.min(tokens, question.maxTokens()), question.seed()));
        }
        return new Job(number, shorter);
    }
}
