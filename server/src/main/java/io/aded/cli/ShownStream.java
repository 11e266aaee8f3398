package io.aded.cli;

import io.aded.model.AdedException;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Text on its way to a terminal that must not command it: a name of a file, of a prompt or of a model may hold escape
 * sequences. They are shown ({@link AdedException#printable}). Passes on whole lines, and what there is when flushed.
 */
final class ShownStream extends OutputStream {
    private final PrintStream to;
    private final ByteArrayOutputStream held = new ByteArrayOutputStream();

    private ShownStream(PrintStream to) {
        this.to = to;
    }

    /** A view of a stream that takes UTF-8. Closing it closes nothing. */
    static PrintStream over(PrintStream to) {
        return new PrintStream(new ShownStream(to), false, StandardCharsets.UTF_8);
    }

    @Override
    public void write(int b) {
        held.write(b);
        if (b == '\n') {
            pass();
        }
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        held.write(bytes, from, length);
        for (int i = from; i < from + length; i++) {
            if (bytes[i] == '\n') {
                pass();
                return;
            }
        }
    }

    @Override
    public void flush() {
        pass();
        to.flush();
    }

    private void pass() {
        byte[] bytes = held.toByteArray();
        int whole = whole(bytes);
        held.reset();
        held.write(bytes, whole, bytes.length - whole);
        to.print(AdedException.printable(new String(bytes, 0, whole, StandardCharsets.UTF_8)));
    }

    /** How many bytes are left if a character at the end that is not all there yet is not counted. */
    private static int whole(byte[] bytes) {
        for (int back = 1; back <= 3 && back <= bytes.length; back++) {
            int b = bytes[bytes.length - back] & 0xff;
            if (b >= 0xc0) {
                int needed = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;
                return needed > back ? bytes.length - back : bytes.length;
            }
            if (b < 0x80) {
                return bytes.length;
            }
        }
        return bytes.length;
    }
}
