package io.aded.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class TransportLogTest {
    private final Logger logger = (Logger) LoggerFactory.getLogger("io.aded.cli.TransportLogTest");
    private final ListAppender<ILoggingEvent> written = new ListAppender<>();
    private final AtomicLong clock = new AtomicLong();
    private final TransportLog log = new TransportLog(logger, clock::get);

    @BeforeEach
    void listen() {
        written.start();
        logger.addAppender(written);
        logger.setAdditive(false);
    }

    @AfterEach
    void stop() {
        logger.detachAppender(written);
    }

    private void malformed(Level level) {
        LogRecord record = new LogRecord(level, "Stream Error");
        record.setThrown(new IllegalStateException("a frame\nof " + "x".repeat(2000), new RuntimeException("why")));
        log.publish(record);
    }

    private List<String> lines() {
        return written.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Test
    void publish_exception_isOneLineWithoutItsTrace() {
        malformed(Level.WARNING);

        assertThat(lines())
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .startsWith("Stream Error: IllegalStateException: a frame of xxx")
                        .doesNotContain("\n")
                        .hasSizeLessThanOrEqualTo(300));
        assertThat(written.list.getFirst().getThrowableProxy()).isNull();
    }

    @Test
    void publish_manyAtOnce_areTenAndThenACount() {
        for (int i = 0; i < 10_000; i++) {
            malformed(Level.WARNING);
        }
        assertThat(lines()).hasSize(10);

        clock.addAndGet(Duration.ofSeconds(10).toNanos());
        malformed(Level.SEVERE);

        assertThat(lines()).hasSize(11);
        assertThat(lines().getLast()).endsWith("(9990 more lines of the transport were left out)");
    }

    @Test
    void publish_whatIsNoWarning_isNotWritten() {
        malformed(Level.INFO);

        assertThat(lines()).isEmpty();
    }
}
