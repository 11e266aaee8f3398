/**
 * What the measuring commands share: prompts ({@link io.aded.cli.measure.Scenarios}), who goes when
 * ({@link io.aded.cli.measure.RunOrder}), the statistics, where a run was made, and how results are shown: tables,
 * charts, files and the progress bar.
 */
@NullMarked
package io.aded.cli.measure;

import org.jspecify.annotations.NullMarked;
