package oracle;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.flink.core.execution.JobClient;

/** Feeds a running job its events in order, each fully processed before the next. */
final class Feeder {
    private final Run run;
    private final JobClient client;
    private final CompletableFuture<?> finished;
    private final long deadline;

    Feeder(Run run, JobClient client) {
        this.run = run;
        this.client = client;
        this.finished = client.getJobExecutionResult();
        this.deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(run.file.timeoutSeconds());
    }

    /** Returns when the job has finished; throws what made it fail, or TimeoutException. */
    void feed() throws Exception {
        try {
            if (run.expectedSources > 0) {
                await(() -> run.sources.size() >= run.expectedSources, "the sources did not start");
                await(() -> MiniExecutor.isDeployed(run.job), "the tasks did not start");
                Quiet.await(run, this::over);
                for (Event event : run.events) {
                    if (over()) {
                        break;
                    }
                    run.line = event.line();
                    step(event);
                }
                end();
            }
            finished.get(Math.max(1, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            client.cancel().get(10, TimeUnit.SECONDS);
            throw e;
        }
    }

    private void step(Event event) throws Exception {
        if (event.kind() == Event.Kind.SLEEP) {
            Thread.sleep(event.value());
            return;
        }
        if (event.kind() == Event.Kind.ROW) {
            run.remember(event);
        }
        for (SourceTask source : sources()) {
            if (event.isFor(source.table())) {
                give(source, event);
            }
        }
        Quiet.await(run, this::over);
    }

    /** Each source's last watermark, one source after the other; then all return. */
    private void end() throws Exception {
        run.line = Run.END;
        for (SourceTask source : sources()) {
            give(source, Event.of(Event.Kind.WATERMARK, Long.MAX_VALUE));
            Quiet.await(run, this::over);
        }
        for (SourceTask source : sources()) {
            give(source, Event.of(Event.Kind.END, 0));
        }
    }

    /** The sources by the names of their tables: the plan's order and that of the threads differ from run to run. */
    private List<SourceTask> sources() {
        return run.sources.stream().sorted(Comparator.comparing(SourceTask::table)).toList();
    }

    private void give(SourceTask source, Event event) throws Exception {
        await(() -> source.offer(event), "a source did not take line " + event.line());
        await(source::taken, "a source did not finish line " + event.line());
    }

    /** Whether the job has ended (by a failure, while there is input). */
    private boolean over() throws TimeoutException {
        if (System.nanoTime() > deadline) {
            throw new TimeoutException("not finished after " + run.file.timeoutSeconds() + " s, at line " + run.line);
        }
        return finished.isDone();
    }

    private void await(Callable<Boolean> condition, String otherwise) throws Exception {
        while (!finished.isDone() && !condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new TimeoutException(otherwise + " within " + run.file.timeoutSeconds() + " s");
            }
            Thread.sleep(0, 200_000);
        }
    }
}
