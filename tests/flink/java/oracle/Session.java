package oracle;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.ResultKind;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.table.catalog.Column;
import org.apache.flink.table.catalog.ResolvedSchema;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;

/** Runs the statements of one SQL file, as Flink's SQL client would, and prints what came of them. */
final class Session {
    private static final Pattern SET = Pattern.compile("(?is)^SET\\s+'([^']+)'\\s*=\\s*'([^']*)'$");
    private static final Pattern RESET = Pattern.compile("(?is)^RESET\\s+'([^']+)'$");
    private static final Pattern QUERY = Pattern.compile("(?is)^(SELECT|WITH|VALUES|TABLE|\\()(\\b|(?<=\\()).*");
    private static final Pattern CREATE_TABLE =
            Pattern.compile(
                    "(?is)^CREATE\\s+(?:TEMPORARY\\s+)?TABLE\\s+(?:IF\\s+NOT\\s+EXISTS\\s+)?"
                            + "(?:[`\\w]+\\.)*`?(\\w+)`?\\b.*'path'\\s*=\\s*'(?:file:(?://)?)?([^']*)'.*");

    private final PrintStream out;
    private final Configuration base = MiniExecutor.jobConfiguration();
    private final Map<String, Path> paths = new LinkedHashMap<>();
    private TableEnvironment tables;
    private String stage = "read";
    private String statement = "";
    private Run run;

    Session(PrintStream out) {
        this.out = out;
    }

    void run(Path path) {
        long start = System.nanoTime();
        boolean ok = false;
        try {
            SqlFile file = SqlFile.read(path);
            tables = TableEnvironment.create(
                    EnvironmentSettings.newInstance().inStreamingMode().withConfiguration(base).build());
            if (!"real".equals(file.directives().get("connectors"))) {
                tables.loadModule("oracle", new OracleModule());
            }
            for (String next : file.statements()) {
                statement = next;
                execute(file);
            }
            ok = true;
        } catch (Exception | LinkageError e) {
            out.println(Failure.describe(e instanceof TimeoutException ? "timeout" : stage, statement, e));
        }
        long ms = (System.nanoTime() - start) / 1_000_000;
        out.println(new Json().open('{').name("end").text(ok ? "ok" : "error").name("ms").raw(ms).close('}'));
    }

    private void execute(SqlFile file) throws Exception {
        if (set()) {
            return;
        }
        Matcher created = CREATE_TABLE.matcher(statement);
        if (created.matches()) {
            paths.put(created.group(1), file.path().resolveSibling(created.group(2)));
        }
        stage = "read";
        run = Run.begin(file, events(file));
        stage = "plan";
        if (QUERY.matcher(statement).matches()) {
            select();
        }
        TableResult result = tables.executeSql(statement);
        if (run.job != null) {
            stage = "runtime";
            try {
                new Feeder(run, result.getJobClient().orElseThrow()).feed();
            } finally {
                run.takeOutput().forEach(out::println);
            }
        } else if (result.getResultKind() == ResultKind.SUCCESS_WITH_CONTENT) {
            printText(result);
        }
    }

    /** SET and RESET belong to the client, not to the engine. */
    private boolean set() {
        Matcher set = SET.matcher(statement);
        if (set.matches()) {
            tables.getConfig().set(set.group(1), set.group(2));
            return true;
        }
        Matcher reset = RESET.matcher(statement);
        if (!reset.matches()) {
            return false;
        }
        String key = reset.group(1);
        if (base.containsKey(key)) {
            tables.getConfig().set(key, base.getString(key, ""));
        } else {
            tables.getConfig().getConfiguration().removeKey(key);
        }
        return true;
    }

    private List<Event> events(SqlFile file) throws IOException {
        String shared = file.directives().get("events");
        return shared == null ? EventReader.ofTables(paths) : EventReader.ofFile(file.path().resolveSibling(shared));
    }

    private void select() {
        Table query = tables.sqlQuery(statement);
        ResolvedSchema schema = query.getResolvedSchema();
        Json json = new Json().open('{').name("schema").open('[');
        for (Column column : schema.getColumns()) {
            String type = column.getDataType().getLogicalType().asSummaryString();
            json.open('[').text(column.getName()).text(type).close(']');
        }
        run.output.add(json.close(']').close('}').toString());
        run.selected = (RowType) schema.toPhysicalRowDataType().getLogicalType();
    }

    private void printText(TableResult result) throws Exception {
        StringBuilder text = new StringBuilder();
        try (CloseableIterator<Row> rows = result.collect()) {
            while (rows.hasNext()) {
                Row row = rows.next();
                for (int i = 0; i < row.getArity(); i++) {
                    text.append(i > 0 ? "\t" : "").append(row.getField(i));
                }
                text.append('\n');
            }
        }
        out.println(new Json().open('{').name("text").text(text.toString()).close('}'));
    }
}
