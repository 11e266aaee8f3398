package io.aded.llama;

import io.aded.gguf.GgufFile;
import io.aded.model.AdedException;
import io.aded.model.ContextParameters;
import io.aded.model.TargetContext;
import io.aded.model.TokenBatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/**
 * Flips bits in a tiny model's header, one or a few at a time, and uses each result as far as it goes. It may be
 * refused or may work; what it may not do is end the process.
 *
 * <p>Run in a {@linkplain io.aded.testing.ForkedJvm process of its own}: library (or "bundled"), directory, seed, first
 * round, rounds.
 */
final class DamagedModels {
    private DamagedModels() {}

    public static void main(String[] arguments) throws IOException {
        LlamaLibrary library =
                arguments[0].equals("bundled") ? LlamaLibrary.bundled() : LlamaLibrary.load(Path.of(arguments[0]));
        Path directory = Path.of(arguments[1]);
        long seed = Long.parseLong(arguments[2]);
        int first = Integer.parseInt(arguments[3]);
        int rounds = Integer.parseInt(arguments[4]);
        Path whole = TinyModels.f32(directory);
        byte[] bytes = Files.readAllBytes(whole);
        int header = (int) GgufFile.read(whole).dataOffset();
        int used = 0;
        for (int round = first; round < first + rounds; round++) {
            Random random = new Random(seed * 1_000_003 + round);
            byte[] damaged = bytes.clone();
            int flips = random.nextInt(4) == 0 ? 4 : 1;
            StringBuilder what = new StringBuilder();
            for (int i = 0; i < flips; i++) {
                // Half of them outside the long list of tokens, where most of the structure is.
                int place = random.nextInt(header);
                if (random.nextBoolean()) {
                    place = random.nextBoolean() ? random.nextInt(900) : header - 1 - random.nextInt(1800);
                }
                int bit = random.nextInt(8);
                damaged[place] ^= (byte) (1 << bit);
                what.append(' ').append(place).append(':').append(bit);
            }
            Path file = Files.write(directory.resolve("damaged.gguf"), damaged);
            System.out.println("round " + round + what);
            System.out.flush();
            if (use(library, file)) {
                used++;
            }
        }
        System.out.println("done, usable: " + used);
    }

    private static boolean use(LlamaLibrary library, Path file) {
        try (LlamaModel model = LlamaModel.load(library, file, ModelParameters.DEFAULT);
                TargetContext context = model.newContext(
                        ContextParameters.ofCells(64).withThreads(1).withMaxSequences(4))) {
            int[] tokens = model.vocabulary().tokenize("the cat é\u4e2d <|im_end|>", true, true);
            TokenBatch batch = new TokenBatch();
            for (int i = 0; i < Math.min(tokens.length, 32); i++) {
                batch.add(tokens[i], i, 0, true);
            }
            if (batch.size() > 0) {
                context.decode(batch);
            }
            model.vocabulary().detokenize(tokens, true);
            return true;
        } catch (AdedException refused) {
            System.out.println("  " + refused.getMessage());
            return false;
        }
    }
}
