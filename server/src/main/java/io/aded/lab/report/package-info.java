/**
 * What measurements share: who goes when ({@link io.aded.lab.report.RunOrder}), the statistics, where a run was made,
 * and how results are shown: tables, charts, files and the progress bar.
 */
@NullMarked
package io.aded.lab.report;

import org.jspecify.annotations.NullMarked;
