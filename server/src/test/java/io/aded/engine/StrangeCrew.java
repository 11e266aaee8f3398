package io.aded.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Does every task on another thread than the engine's, last first and two at a time, however few there are. */
final class StrangeCrew implements Crew {
    private final ExecutorService others = Executors.newFixedThreadPool(2);

    @Override
    public int helpers() {
        return 2;
    }

    @Override
    public void each(int count, Task task) {
        List<Future<Void>> halves = new ArrayList<>();
        for (int worker = 1; worker <= 2; worker++) {
            int first = worker;
            Callable<Void> half = () -> {
                for (int index = count - first; index >= 0; index -= 2) {
                    task.run(index, first);
                }
                return null;
            };
            halves.add(others.submit(half));
        }
        for (Future<Void> half : halves) {
            try {
                half.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public void expect(double nanos) {}

    @Override
    public void close() {
        others.shutdownNow();
    }
}
