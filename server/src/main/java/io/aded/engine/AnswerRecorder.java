package io.aded.engine;

import io.aded.model.TargetModel;

/**
 * Keeps what turns said that {@linkplain DraftPolicy#allowsTraining may be kept}: draft models are aligned by it. One
 * may serve several engines.
 *
 * <p>A turn is handed over when it has ended by itself. Turns that failed or were cancelled are not, nor are those of a
 * conversation in which an earlier turn did not allow it, nor those whose tokens were chosen by more than the model:
 * under a grammar, or greedily with penalties or biases.
 */
public interface AnswerRecorder extends AutoCloseable {
    /** So many of the target's best tokens are read at each position. */
    int TOP = 16;

    /**
     * A turn has ended. Called by engines' threads, which wait for it: it must neither wait nor compute.
     *
     * @param turn is the recorder's from now on
     */
    void record(RecordedTurn turn);

    /** Nothing more is handed over. */
    @Override
    void close();

    /** Opens a recorder once a model is loaded. */
    @FunctionalInterface
    interface Opener {
        /**
         * A new recorder.
         *
         * @param name what the model is called
         * @param target whose answers it will be handed
         */
        AnswerRecorder open(String name, TargetModel target);
    }
}
