package io.aded.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.testing.Interleavings;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag(Interleavings.TAG)
class QueuePlacesTest {

    @Test
    void tryTake_allTaken_isRefusedUntilOneIsGivenBack() {
        var places = new QueuePlaces(2);
        assertThat(places.tryTake()).isTrue();
        assertThat(places.tryTake()).isTrue();
        assertThat(places.tryTake()).isFalse();
        places.giveBack();
        assertThat(places.taken()).isEqualTo(1);
        assertThat(places.tryTake()).isTrue();
    }

    @Test
    void places_takenAndGivenBackByTwoThreads_areAsIfOneAfterTheOther() {
        Interleavings.explore(Spec.class);
    }

    /** One place, so that it is always the last one that is fought for. */
    public static class Spec {
        private final QueuePlaces places = new QueuePlaces(1);

        @Operation
        public boolean take() {
            return places.tryTake();
        }

        @Operation
        public void giveBack() {
            places.giveBack();
        }

        @Operation
        public int taken() {
            return places.taken();
        }
    }
}
