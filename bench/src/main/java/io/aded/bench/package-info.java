/**
 * Measurements that need no client: JMH micro-benchmarks of the hot paths, and the offline evaluation of drafters on
 * recorded text.
 */
@NullMarked
package io.aded.bench;

import org.jspecify.annotations.NullMarked;
