/**
 * {@code aded bench}: does drafting pay on this machine, with this model, on this text?
 *
 * <p>Every way of decoding (a <i>mode</i>) answers the same prompts in one process, over one engine and one loaded
 * model, prompt by prompt in turn, so that whatever else the machine is doing hits all of them alike. What is compared
 * is never one mode's average against another's, but the answers to the same prompt as pairs.
 *
 * <p>The way through: {@link io.aded.lab.prompts.Scenario} (what is asked) → {@link io.aded.lab.experiment.Benchmark}
 * (who answers when) → {@link io.aded.lab.experiment.Contender} (how) → {@link io.aded.lab.experiment.Measurement} (one
 * answer) → {@link io.aded.lab.experiment.Analysis} (what it means) → terminal, JSON, plot.
 */
@NullMarked
package io.aded.lab.experiment;

import org.jspecify.annotations.NullMarked;
