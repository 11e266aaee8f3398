/**
 * The offline choice among drafters: from what {@code aded bench} measured of each prompt by each arm to a {@link
 * io.aded.draft.select.DrafterChoice}, and what that choice was worth on prompts that it had not seen. The method is
 * that of Context-Aware Assistant Selection (Huang et al., EMNLP 2024, arXiv 2408.08470).
 */
@NullMarked
package io.aded.lab.policy;

import org.jspecify.annotations.NullMarked;
