package io.aded.store;

import io.aded.model.AdedException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Says in words for users what a transfer failed with, on the network or on the disk, and what may help. */
final class TransferFailures {
    /** Where else files can be kept that are fetched. */
    static final String ELSEWHERE =
            "XDG_CACHE_HOME names another directory for models, XDG_DATA_HOME one for builds of llama.cpp";

    private TransferFailures() {}

    /**
     * A server could not be reached, or kept failing.
     *
     * @param proxy through which it was asked; {@link Proxy#NO_PROXY} for none
     * @param kept a sentence for the end of the message, or nothing
     */
    static AdedException unreachable(URI address, Proxy proxy, @Nullable IOException failure, String kept) {
        String through = "";
        String advice = "Check the network (behind a proxy: HTTPS_PROXY).";
        if (proxy.address() instanceof InetSocketAddress at) {
            through = " through the proxy " + at.getHostString() + ":" + at.getPort();
            advice = "Check that proxy, which HTTPS_PROXY or npm's configuration names.";
        }
        return new AdedException.Unavailable(
                "CANNOT_DOWNLOAD",
                "cannot download from " + address.getHost() + through + ": " + plain(failure) + ". " + advice + kept,
                failure);
    }

    /** What a failure to write means to the user. */
    static AdedException ofDisk(String label, Path file, IOException failure) {
        String message = String.valueOf(failure.getMessage());
        if (message.contains("No space left") || message.contains("Disk quota exceeded")) {
            return new AdedException.ResourceExhausted(
                    "NO_SPACE",
                    label + ": the disk of " + file.getParent() + " is full (" + message
                            + "); make room and run the same command again, it goes on from there",
                    null);
        }
        return new AdedException.FailedPrecondition(
                "CANNOT_WRITE",
                label + " cannot be kept in " + file.getParent() + ": " + reason(failure) + "; " + ELSEWHERE);
    }

    /** What a file system says, in words where it has none of its own. */
    private static String reason(IOException failure) {
        if (!(failure instanceof FileSystemException system) || system.getReason() != null) {
            return String.valueOf(failure.getMessage());
        }
        return switch (system) {
            case AccessDeniedException denied -> "nobody lets this user write to " + denied.getFile();
            case NoSuchFileException missing -> missing.getFile() + " is not there and cannot be made";
            case FileAlreadyExistsException other -> other.getFile() + " is no directory";
            default -> system.getClass().getSimpleName() + " " + system.getMessage();
        };
    }

    /** Waiting cannot mend a name that does not exist or a port where nobody listens. */
    static boolean isHopeless(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException || cause instanceof UnknownHostException) {
                return true;
            }
        }
        return false;
    }

    /** What is said of a failed connection, in words that need no knowledge of ours. */
    static String plain(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException) {
                return "the host is not known";
            }
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null && !cause.getMessage().isBlank()) {
                return cause.getMessage();
            }
            if (cause instanceof ConnectException) {
                return "nobody answers there";
            }
        }
        return "the connection failed";
    }
}
