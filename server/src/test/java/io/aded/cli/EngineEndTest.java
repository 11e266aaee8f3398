package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.aded.host.EngineFailureListener.Failure;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EngineEndTest {
    private final List<String> done = new ArrayList<>();
    private final EngineEnd end =
            new EngineEnd(() -> done.add("drained"), status -> done.add("halted with " + status), _ -> {});

    @Test
    void code_nothingFailed_isZero() {
        assertThat(end.code().code()).isZero();
        assertThat(done).isEmpty();
    }

    @Test
    void failed_engineLost_drainsAndEndsWithTen() {
        end.failed(Failure.LOST);
        assertThat(done).containsExactly("drained");
        assertThat(end.code().code()).isEqualTo(10);
    }

    @Test
    void failed_engineHung_haltsWithEleven() {
        end.failed(Failure.HUNG);
        assertThat(done).containsExactly("halted with 11");
    }
}
