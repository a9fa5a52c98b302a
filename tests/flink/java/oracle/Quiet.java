package oracle;

import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.concurrent.TimeoutException;
import org.apache.flink.runtime.taskmanager.Task;
import org.apache.flink.streaming.runtime.tasks.StreamTask;
import org.apache.flink.streaming.runtime.tasks.mailbox.MailboxProcessor;
import org.apache.flink.streaming.runtime.tasks.mailbox.TaskMailboxImpl;

/** Waits until a job has nothing to do: every task is parked, its mailbox empty, no input available. */
final class Quiet {
    /** Whether the job is over; may throw when waiting has taken too long. */
    interface Over {
        boolean check() throws TimeoutException;
    }

    private static final int BUSY = -1;
    private static final Field THREAD_TARGET = has(Thread.class, "target") ? field(Thread.class, "target") : null;
    private static final Field THREAD_HOLDER = THREAD_TARGET == null ? field(Thread.class, "holder") : null;
    private static final Field HOLDER_TASK = THREAD_HOLDER == null ? null : field(THREAD_HOLDER.getType(), "task");
    private static final Field INVOKABLE = field(Task.class, "invokable");
    private static final Field PROCESSOR = field(StreamTask.class, "mailboxProcessor");
    private static final Field MAILBOX = field(MailboxProcessor.class, "mailbox");
    private static final Field SUSPENDED = field(MailboxProcessor.class, "suspendedDefaultAction");
    private static final ThreadGroup TASK_THREADS = (ThreadGroup) get(field(Task.class, "TASK_THREADS_GROUP"), null);

    private Quiet() {}

    /** Returns when the job is quiet or over. */
    static void await(Run run, Over over) throws Exception {
        int seenQuiet = 0;
        for (int spin = 0; ; spin++) {
            int tasks = quietTasks(run);
            if (tasks == BUSY) {
                seenQuiet = 0;
                pause(spin);
            } else if (++seenQuiet > tasks + 1) {
                return; // a hand-over from task to task would have shown in one of as many looks as there are tasks
            }
            if (over.check()) {
                return;
            }
        }
    }

    private static void pause(int spin) throws InterruptedException {
        if (spin < 50) {
            Thread.onSpinWait();
        } else if (spin < 200) {
            Thread.yield();
        } else {
            Thread.sleep(0, 200_000);
        }
    }

    /** The number of the job's tasks, all of them quiet; or BUSY. */
    private static int quietTasks(Run run) {
        Thread[] threads = new Thread[TASK_THREADS.activeCount() + 16];
        int count = TASK_THREADS.enumerate(threads);
        int tasks = 0;
        int sourceThreads = 0;
        for (int i = 0; i < count; i++) {
            Object target = target(threads[i]);
            if (target instanceof Task task) {
                if (task.getJobID().equals(run.job)) {
                    if (!isQuiet(threads[i], task)) {
                        return BUSY;
                    }
                    tasks++;
                }
            } else if (threads[i].getName().startsWith("Legacy Source Thread")) {
                sourceThreads++;
                if (!isParked(threads[i])) {
                    return BUSY;
                }
            }
        }
        return sourceThreads > run.sources.size() ? BUSY : tasks;
    }

    private static boolean isQuiet(Thread thread, Task task) {
        if (!(get(INVOKABLE, task) instanceof StreamTask<?, ?> invokable)) {
            return false;
        }
        Object processor = get(PROCESSOR, invokable);
        return processor != null
                && isParked(thread)
                && ((TaskMailboxImpl) get(MAILBOX, processor)).size() == 0
                && get(SUSPENDED, processor) != null
                && isParked(thread) // again: it may have woken while we looked
                && invokable.isRunning();
    }

    private static boolean isParked(Thread thread) {
        Thread.State state = thread.getState();
        return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
    }

    /** What a thread runs: its field {@code target} in Java 17, {@code holder.task} since 19. */
    private static Object target(Thread thread) {
        return THREAD_TARGET != null ? get(THREAD_TARGET, thread) : get(HOLDER_TASK, get(THREAD_HOLDER, thread));
    }

    private static boolean has(Class<?> type, String name) {
        return Arrays.stream(type.getDeclaredFields()).anyMatch(field -> field.getName().equals(name));
    }

    private static Field field(Class<?> type, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("this Flink has no " + type.getName() + "." + name, e);
        }
    }

    private static Object get(Field field, Object owner) {
        try {
            return field.get(owner);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException(e);
        }
    }
}
