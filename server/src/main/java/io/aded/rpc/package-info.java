/**
 * The services: protobuf to engine and back, validation, errors to status, limits, health, reflection and drain.
 *
 * <p>{@link io.aded.rpc.AdedServer} is the façade. It comes up before the model is loaded, so that probes find it; a model
 * is {@linkplain io.aded.rpc.AdedServer#serve given} to it when it is there. A call's request is read by
 * {@code RequestReader}, which finds everything that is wrong with it at once; what the engine reports is written by
 * {@code ResponseWriter} on the engine's own thread and handed to the transport, which queues it; a client that reads
 * slowly is reported back as "not ready", and the engine leaves its stream out of the next pass. {@code Statuses} is the
 * only place that turns an exception into a gRPC status.
 */
@NullMarked
package io.aded.rpc;

import org.jspecify.annotations.NullMarked;
