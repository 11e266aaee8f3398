@NullMarked
package io.aded.lab.prompts;

import org.jspecify.annotations.NullMarked;
