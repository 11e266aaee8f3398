/**
 * Serving without a protocol: what every façade (gRPC, and others beside it) does with a call once it is read.
 *
 * <p>{@link io.aded.serving.Serving} is the façade of this package, shared by all façades of a process: the model and
 * its replicas, conversations that are open or kept, limits, drain, and the counts of how drafting fared. A façade
 * reads a request into plain records ({@link io.aded.serving.TurnInput}, {@link io.aded.serving.OpenInput}), in which
 * nothing is checked and what was not said is not there; {@link io.aded.serving.TurnValidator} makes a
 * {@link io.aded.serving.ValidTurn} of it, or names everything that is wrong at once. What happens then comes back as
 * {@link io.aded.serving.AnswerEvent}s through an {@link io.aded.serving.AnswerSink}, on the engine's thread or a
 * helper of it, one at a time and in order, followed by exactly one end.
 *
 * <p>Neither gRPC nor protobuf is known here. Fields are named as in {@code sampling.temperature} or
 * {@code messages[1].role}; a façade makes of that the path that its caller used.
 */
@NullMarked
package io.aded.serving;

import org.jspecify.annotations.NullMarked;
