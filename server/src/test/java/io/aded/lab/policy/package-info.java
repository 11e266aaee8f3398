/** Tests of the offline choice among drafters. */
@NullMarked
package io.aded.lab.policy;

import org.jspecify.annotations.NullMarked;
