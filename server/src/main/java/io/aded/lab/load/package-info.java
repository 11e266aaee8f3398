/**
 * {@code aded load}: what does a server do when many ask at once?
 *
 * <p>A bounded load generator. Calls arrive either by a clock of their own, whatever the server does (<i>open
 * loop</i>), or each time one of N callers has its answer (<i>closed loop</i>). Several <i>modes</i> of the same server
 * take turns in blocks, with the same prompts, lengths and arrival times, so that whatever else the machine is doing
 * hits all alike.
 *
 * <p>The way through: {@link io.aded.lab.load.JobSource} (what is asked) → {@link io.aded.lab.load.LoadRun} (when) →
 * {@link io.aded.lab.load.Target} (of whom) → {@link io.aded.lab.load.Timeline} (what came when) →
 * {@link io.aded.lab.load.Tally} (what that amounts to) → terminal, JSON, plot.
 *
 * <p>A call costs one virtual thread, which sleeps while the answer streams in; each message is handled where the
 * network delivers it, and leaves behind one time and one count.
 */
@NullMarked
package io.aded.lab.load;

import org.jspecify.annotations.NullMarked;
