package io.aded.draft.select;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.aded.draft.DraftLimits;
import io.aded.draft.neural.DraftContexts;
import io.aded.draft.neural.DraftModels;
import io.aded.draft.neural.DraftStream;
import io.aded.model.ContextParameters;
import io.aded.model.ScriptedModel;
import io.aded.model.TargetContext;
import io.aded.model.TokenTree;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LevelPlanTest {
    private static final DraftLimits LIMITS = new DraftLimits(8, 8, 4);

    /** A level takes 30 and 1 a token; a plain token 100, and a draft node 10. */
    private final LevelPlan plan = new LevelPlan(tokens -> 29 + tokens);

    private final TargetContext target =
            new ScriptedModel(ScriptedModel.babble(1, 1)).newContext(ContextParameters.ofCells(64));
    private final DraftModels models =
            new DraftModels(opened -> new DraftContexts.Opened(opened, null)); // its passes are not played here
    private DraftStream stream;

    @BeforeEach
    void open() {
        stream = models.take(target, () -> 0).open();
        plan.begin(100, nodes -> 10.0 * nodes, LIMITS.maxNodes());
    }

    @AfterEach
    void close() {
        stream.close();
        models.giveBack();
    }

    private static TokenTree chain(double... probabilities) {
        TokenTree tree = new TokenTree(16);
        tree.reset(1);
        int node = 0;
        for (double probability : probabilities) {
            node = tree.add(node, 2, (float) probability);
        }
        return tree;
    }

    private boolean forecast(TokenTree tree, HitRates rates, int missing, int streams) {
        return plan.forecast(tree, LIMITS, stream, false, rates, 0, missing, streams);
    }

    @Test
    void worth_ofAChain_takesWhatRaisesTheRate() {
        // 1.5 / 110 and 1.75 / 120 rise, 1.80 / 130 falls.
        assertThat(plan.worth(chain(.5, .25, .05), 0)).isEqualTo(2);
        // After 200 were paid each node is 10 in 300: (1.80) / 330 is more than 1.75 / 320? No: 5.454 against 5.469.
        assertThat(plan.worth(chain(.5, .25, .05), 200)).isEqualTo(2);
        assertThat(plan.worth(chain(.5, .25, .06), 200)).isEqualTo(3); // 5.485
    }

    @Test
    void chain_levelsPayAsLongAsTheyRaiseTheRate() {
        // At 0.9: 1 / 100, 1.9 / 140, 2.71 / 180, 3.439 / 220, 4.0951 / 260, 4.68559 / 300, 5.217 / 340, 5.6953 / 380.
        assertThat(plan.chain(0.9, 8, 1)).isEqualTo(4);
        assertThat(plan.tokens()).isCloseTo(4.0951, within(1e-9));
        assertThat(plan.nanos()).isEqualTo(260);
        assertThat(plan.chain(0.3, 8, 1)).isZero(); // 1.3 / 140
    }

    @Test
    void levelNanos_isSharedByThoseWhoRide() {
        assertThat(plan.levelNanos(1, 1)).isEqualTo(30);
        assertThat(plan.levelNanos(1, 4)).isEqualTo(33 / 4.0);
        assertThat(plan.levelNanos(3, 4)).isEqualTo(41 / 4.0);
    }

    @Test
    void forecast_tableKnowsNothing_asksAModelThatIsRight() {
        HitRates rates = HitRates.ofEngine();
        for (int i = 0; i < 500; i++) {
            rates.saw(0, true, false, true, true);
        }
        assertThat(forecast(chain(), rates, 0, 1)).isTrue();
        assertThat(plan.known()).isZero();
        assertThat(plan.feedTo()).isZero();
        // A hit rate of nearly 1: as many levels as the depth allows, 9 tokens in 100 + 8 · 10 + 8 · 30.
        assertThat(plan.tokens()).isBetween(8.5, 9.0);
        assertThat(plan.nanos()).isEqualTo(420);
        assertThat(plan.tokenValue()).isCloseTo(1, within(1e-9));
        assertThat(plan.gain()).isBetween(4.3, 4.8);
    }

    @Test
    void forecast_modelIsNeverRight_leavesItAlone() {
        HitRates rates = HitRates.ofEngine();
        for (int i = 0; i < 500; i++) {
            rates.saw(0, true, false, false, false);
            rates.saw(0.5f, false, true, true, false);
        }
        assertThat(forecast(chain(), rates, 0, 1)).isFalse();
        assertThat(forecast(chain(.5, .25), rates, 0, 1)).isFalse();
        assertThat(forecast(chain(.5, .25), rates, 0, 32)).isFalse();
    }

    @Test
    void forecast_muchToReadFirst_doesNotPayForSoShortATime() {
        HitRates rates = HitRates.ofEngine();
        assertThat(forecast(chain(), rates, 0, 1)).isTrue();
        double gain = plan.gain();
        // 400 tokens and 26 pieces of 30, over 12 rounds: 98 for each, nearly a plain token.
        assertThat(forecast(chain(), rates, 400, 1)).isFalse();
        assertThat(plan.gain()).isLessThan(gain - 0.6);
        assertThat(forecast(chain(), rates, 8, 1)).isTrue(); // a few go along
    }

    @Test
    void forecast_tableIsSure_feedsAllOfItsPathInOneLevel() {
        forecast(chain(.9, .8, .7), HitRates.ofEngine(), 0, 1);
        assertThat(plan.feedTo()).isEqualTo(3);
        assertThat(plan.proposed(chain(.9, .8, .7), 1)).isCloseTo(.8f / .9f, within(1e-6f));
        assertThat(plan.isEnd(3)).isTrue();
        assertThat(plan.proposed(chain(.9, .8, .7), 3)).isZero(); // the table had room for more, and had no more
    }
}
