package io.aded.draft;

import java.util.Locale;

/**
 * Which of several ways to draft a round took, and why.
 *
 * @param arm its name, as {@link ArmStatistics#arm} has it
 * @param reason why it was this one
 */
public record ArmPlay(String arm, Reason reason) {

    /** Why an arm was played. */
    public enum Reason {
        /** It looked best by what all of them were worth until now. */
        BEST,
        /** Another looked better, and this one was tried to see whether that is still so. */
        PROBE,
        /** A trained choice picked it by the prompt, for the whole answer. */
        PROMPT,
        /** One with the draft model was picked, but no forward pass of that would have paid. */
        PRICE,
        /** One with the draft model was picked and asked, and that had no guess. */
        UNREADY,
        /** One with the draft model was picked, but that has failed. */
        UNUSABLE;

        /** As the API and traces spell it. */
        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
