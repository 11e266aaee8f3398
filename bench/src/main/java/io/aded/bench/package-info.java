/**
 * JMH micro-benchmarks of the paths that run in every round: drafting, learning, reading a row of logits. They need no
 * model; the README of this module has the command.
 */
@NullMarked
package io.aded.bench;

import org.jspecify.annotations.NullMarked;
