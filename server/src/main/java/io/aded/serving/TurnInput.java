package io.aded.serving;

import io.aded.engine.Prompt;
import io.aded.model.FieldViolation;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A turn as a façade has read it. Nothing is checked yet.
 *
 * @param prompt what to continue; null if the request has none
 * @param generation how to answer
 * @param unreadable what the façade could make nothing of; it is reported together with everything else that is wrong
 */
public record TurnInput(@Nullable Prompt prompt, GenerationChange generation, List<FieldViolation> unreadable) {
    /** Defensive copy of the list. */
    public TurnInput {
        unreadable = List.copyOf(unreadable);
    }

    /** A turn that was read without trouble. */
    public TurnInput(Prompt prompt, GenerationChange generation) {
        this(prompt, generation, List.of());
    }
}
