/**
 * Which drafters there are. {@link io.aded.draft.catalogue.Drafters} is the one place that knows them all: their names,
 * what they are for, how much they draft by default and how they are made. The API, the command line, the benchmarks
 * and the documentation read it. To add a drafter, write its class and one entry there.
 */
@NullMarked
package io.aded.draft.catalogue;

import org.jspecify.annotations.NullMarked;
