/** Tests of recordings: what is written is read, what is damaged is refused, and a model is recorded as it speaks. */
@NullMarked
package io.aded.lab.recording;

import org.jspecify.annotations.NullMarked;
