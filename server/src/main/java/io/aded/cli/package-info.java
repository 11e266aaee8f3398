/**
 * The command line: {@code serve}, {@code generate}, {@code chat}, {@code models}, {@code draft}, {@code doctor} and
 * what others add. It wires the other packages and holds nothing that a program would want.
 *
 * <p>A command is a class with picocli's annotations that takes a {@link io.aded.cli.Terminal} in its constructor; to
 * add one, write it and name it in {@link io.aded.cli.AdedCommand}. What several commands share are the option groups
 * ({@code ModelOptions}, {@code ContextOptions}, {@code SamplingOptions}, {@code DraftOptions}), each of which turns
 * into the records of the packages below; {@link io.aded.host} opens what they describe. What is below names its own
 * fields where one is wrong, and {@link io.aded.cli.OptionNames} says by which option it was set.
 *
 * <p>Every option can also be set by an environment variable ({@code --gpu-layers} by {@code ADED_GPU_LAYERS}) and in a
 * configuration file; see {@link io.aded.cli.Configuration}.
 */
@NullMarked
package io.aded.cli;

import org.jspecify.annotations.NullMarked;
