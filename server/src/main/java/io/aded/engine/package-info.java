/**
 * The decode loop: admission, batching of every stream's draft tree into one forward pass, the budget, verification,
 * sampling, KV-cache bookkeeping and cancellation.
 *
 * <p>{@link io.aded.engine.Engine} is the façade. It owns one {@link io.aded.model.TargetContext} and one thread;
 * callers open a {@link io.aded.engine.Session} (a conversation that keeps its KV cells and its draft state), submit
 * turns to it, and hear of progress through a {@link io.aded.engine.TurnListener}. What makes the output trustworthy is
 * the verification walk, which reads like the definition of losslessness.
 */
@NullMarked
package io.aded.engine;

import org.jspecify.annotations.NullMarked;
