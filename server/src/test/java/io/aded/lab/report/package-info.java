@NullMarked
package io.aded.lab.report;

import org.jspecify.annotations.NullMarked;
