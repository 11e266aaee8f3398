/**
 * The words everyone shares: the target model as the engine sees it, its vocabulary, a batch of tokens, a tree of
 * draft tokens, the parameters of sampling, and the one exception hierarchy.
 *
 * <p>Nothing here knows native memory, gRPC or any algorithm. {@link io.aded.model.TargetModel} is the seam: on one
 * side {@code io.aded.llama} implements it over llama.cpp; on the other {@code io.aded.engine} decodes with it.
 */
@NullMarked
package io.aded.model;

import org.jspecify.annotations.NullMarked;
