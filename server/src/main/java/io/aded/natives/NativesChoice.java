package io.aded.natives;

import java.nio.file.Path;

/** What the user asked to be used on every start, until another choice is made. */
public sealed interface NativesChoice {

    /** The best build that works; what holds when nothing was chosen. */
    record Automatic() implements NativesChoice {
        @Override
        public String toString() {
            return "auto";
        }
    }

    /** The library that comes with the program. */
    record Bundled() implements NativesChoice {
        @Override
        public String toString() {
            return "bundled";
        }
    }

    /**
     * An installed build.
     *
     * @param id as {@link InstalledNatives#id}
     */
    record Installed(String id) implements NativesChoice {
        @Override
        public String toString() {
            return id;
        }
    }

    /**
     * A directory of the user's own.
     *
     * @param path absolute
     */
    record Directory(Path path) implements NativesChoice {
        @Override
        public String toString() {
            return path.toString();
        }
    }
}
