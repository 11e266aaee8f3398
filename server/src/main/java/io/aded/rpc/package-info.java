/**
 * The gRPC façade over {@link io.aded.serving}: messages of the API to plain records and events back to messages, paths
 * of fields, statuses, listening, health and reflection.
 *
 * <p>{@link io.aded.rpc.AdedServer} is what others use. It comes up before the model is loaded, so that probes find it;
 * a model is {@linkplain io.aded.rpc.AdedServer#serve given} to it when it is there. A request is read by
 * {@code RequestReader}, which checks nothing that other façades would check too; what happens is put down in the
 * call's {@code OutboxSink}, of which {@code ResponseWriter} makes messages on the thread of the connection
 * ({@code ConnectionThread}). A client that reads slowly is reported back as "not ready", and the engine leaves its
 * stream out of the next pass. {@code FieldPaths} has the names that callers of this API use, and {@code Statuses} is
 * the only place that turns an exception into a gRPC status.
 */
@NullMarked
package io.aded.rpc;

import org.jspecify.annotations.NullMarked;
