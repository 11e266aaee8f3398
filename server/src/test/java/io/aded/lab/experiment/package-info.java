/**
 * Tests of the benchmark: its arithmetic by hand-computed values, its output by shape, and a whole run without weights.
 */
@NullMarked
package io.aded.lab.experiment;

import org.jspecify.annotations.NullMarked;
