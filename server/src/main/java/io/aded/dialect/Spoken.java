package io.aded.dialect;

import io.aded.model.TargetModel;
import io.aded.model.Vocabulary;

/**
 * How a model writes, in tokens of its own. Found once for each model.
 *
 * @param dialect how it writes
 * @param marks the control tokens among its marks
 */
public record Spoken(Dialect dialect, Marks marks) {

    /** Probes a model's template. */
    public static Spoken by(TargetModel model) {
        Vocabulary vocabulary = model.vocabulary();
        Dialect dialect = DialectProbe.probe(model.chatTemplate(), text -> {
            int[] tokens = vocabulary.tokenizeContinuation(text, true);
            return tokens.length == 1 && vocabulary.endsGeneration(tokens[0]);
        });
        return new Spoken(dialect, Marks.of(vocabulary, dialect.describe()));
    }
}
