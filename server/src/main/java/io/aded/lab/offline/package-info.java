/**
 * Evaluations that need no model: drafters on recorded answers ({@link io.aded.lab.offline.OfflineEvaluation}), the
 * engine with its budget on a stated cost curve in virtual time ({@link io.aded.lab.offline.PolicySimulation}), and the
 * fitting of the weights that a new server starts with ({@link io.aded.lab.offline.PriorFitting}).
 */
@NullMarked
package io.aded.lab.offline;

import org.jspecify.annotations.NullMarked;
