import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;

/** Runs the statements of a SQL file several times in one JVM; prints the milliseconds of each run. */
public class Windows {
    public static void main(String[] arguments) throws Exception {
        String sql = Files.readString(Path.of(arguments[0]));
        for (int run = 0; run < Integer.parseInt(arguments[1]); run++) {
            long begin = System.nanoTime();
            TableEnvironment tables = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
            tables.getConfig().set("parallelism.default", "1");
            tables.getConfig().set("execution.checkpointing.interval", "1 s");
            tables.getConfig().set("table.local-time-zone", "UTC");
            for (String statement : sql.replace("RUN", "run-" + run).split(";\\s*\n")) {
                if (statement.startsWith("INSERT")) {
                    tables.executeSql(statement).await();
                } else {
                    tables.executeSql(statement);
                }
            }
            System.out.println("run " + (System.nanoTime() - begin) / 1_000_000);
        }
    }
}
