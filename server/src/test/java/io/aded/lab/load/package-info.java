/**
 * Tests of the load generator: its statistics by seed, its arithmetic by an injected clock, and both wires over
 * loopback.
 */
@NullMarked
package io.aded.lab.load;

import org.jspecify.annotations.NullMarked;
