/**
 * Opens it all from one record: a library, a model, engines over it, and a server in front, closed again in order.
 *
 * <p>{@link io.aded.host.HostConfiguration} says what; {@link io.aded.host.Host} is the sidecar inside this process,
 * {@link io.aded.host.LocalModel} the model with its engines and nothing in front. The command line's options, its
 * environment variables and its configuration file are three ways to fill the record; a program that embeds the sidecar
 * is the fourth:
 *
 * {@snippet :
 * HostConfiguration configuration = HostConfiguration.DEFAULT.withModel(ModelConfiguration.of("model.gguf"));
 * try (Host host = Host.start(configuration, Telemetry.none(), HostListener.NONE)) {
 *     System.out.println("listening on " + host.addresses());
 *     host.awaitTermination();
 * }
 * }
 */
@NullMarked
package io.aded.host;

import org.jspecify.annotations.NullMarked;
