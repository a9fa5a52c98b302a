package oracle;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Runs SQL files in a real Flink: planner and runtime are Flink's, only the connectors are ours.
 *
 * <p>Each line of standard input is the path of a SQL file; each answer is JSON lines, the last of them
 * {@code {"end":...}}.
 */
public final class Oracle {
    private Oracle() {}

    public static void main(String[] args) throws Exception {
        PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        System.setOut(System.err); // nothing but answers may reach standard output
        long start = System.nanoTime();
        try {
            MiniExecutor.start();
            answers.println("{\"ready\":" + (System.nanoTime() - start) / 1_000_000 + "}");
            answers.flush();
            BufferedReader paths = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String path = paths.readLine(); path != null; path = paths.readLine()) {
                new Session(answers).run(Path.of(path.strip()));
                answers.flush();
            }
            Runtime.getRuntime().halt(0); // a stopped cluster takes seconds to shut down in order
        } catch (Throwable e) {
            e.printStackTrace();
            Runtime.getRuntime().halt(2);
        }
    }
}
