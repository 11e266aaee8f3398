@NullMarked
package io.aded.cli.measure;

import org.jspecify.annotations.NullMarked;
