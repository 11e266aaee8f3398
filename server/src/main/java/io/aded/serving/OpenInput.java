package io.aded.serving;

import io.aded.model.FieldViolation;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a caller opens a conversation, as a façade has read it. Nothing is checked yet.
 *
 * @param model the model that the caller expects; empty for any
 * @param conversationId the caller's name for it; empty for none
 * @param requireResume whether to refuse a new conversation if none of the name is kept
 * @param retention how long it is to be kept after the stream; null if the caller does not say
 * @param defaults what its turns take where they do not say
 * @param unreadable what the façade could make nothing of; it is reported together with everything else that is wrong
 */
public record OpenInput(
        String model,
        String conversationId,
        boolean requireResume,
        @Nullable Duration retention,
        GenerationChange defaults,
        List<FieldViolation> unreadable) {
    /** Defensive copy of the list. */
    public OpenInput {
        unreadable = List.copyOf(unreadable);
    }
}
