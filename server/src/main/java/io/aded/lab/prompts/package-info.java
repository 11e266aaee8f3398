/** What measurements ask: {@link io.aded.lab.prompts.Scenarios} reads and chooses prompts. */
@NullMarked
package io.aded.lab.prompts;

import org.jspecify.annotations.NullMarked;
