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
    private final AtomicLong clock = new AtomicLong(Long.MAX_VALUE); // a clock that is about to turn over
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
    void publish_manyOfAKind_areOneLineAMinuteWithACount() {
        for (int second = 0; second < 60; second++) {
            for (int i = 0; i < 100; i++) {
                malformed(Level.WARNING);
            }
            clock.addAndGet(Duration.ofSeconds(1).toNanos());
        }
        assertThat(lines()).hasSize(1);

        malformed(Level.WARNING);
        malformed(Level.WARNING);

        assertThat(lines()).hasSize(2);
        assertThat(lines().getLast()).endsWith("(and 5999 more like it since the last such line)");
        clock.addAndGet(Duration.ofMinutes(5).toNanos());
        malformed(Level.WARNING);
        assertThat(lines().getLast()).endsWith("(and 1 more like it since the last such line)");
    }

    @Test
    void publish_afterAQuietMinute_hasNoCount() {
        malformed(Level.WARNING);
        clock.addAndGet(Duration.ofMinutes(1).toNanos());
        malformed(Level.WARNING);

        assertThat(lines()).hasSize(2).noneMatch(line -> line.contains("more like it"));
    }

    @Test
    void publish_othersThanTheFrequentKind_areNotLost() {
        malformed(Level.WARNING);
        malformed(Level.WARNING);
        malformed(Level.SEVERE);
        LogRecord other = new LogRecord(Level.WARNING, "Failed to accept a connection");
        other.setLoggerName("io.grpc.SomethingElse");
        log.publish(other);

        assertThat(lines()).hasSize(3).last().isEqualTo("Failed to accept a connection");
        assertThat(written.list.get(1).getLevel()).isEqualTo(ch.qos.logback.classic.Level.ERROR);
    }

    @Test
    void publish_whatIsNoWarning_isNotWritten() {
        malformed(Level.INFO);

        assertThat(lines()).isEmpty();
    }
}
