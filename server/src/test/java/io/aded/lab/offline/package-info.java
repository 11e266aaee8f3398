/** Tests of evaluations without a model, on recorded answers of the catalogue's model. */
@NullMarked
package io.aded.lab.offline;

import org.jspecify.annotations.NullMarked;
