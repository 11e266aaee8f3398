/**
 * What measurements ask: {@link io.aded.lab.prompts.Scenarios} reads and chooses prompts,
 * {@link io.aded.lab.prompts.PlainStream} asks the bare model.
 */
@NullMarked
package io.aded.lab.prompts;

import org.jspecify.annotations.NullMarked;
