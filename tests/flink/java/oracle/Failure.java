package oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What went wrong, as a JSON line. */
final class Failure {
    private static final Pattern PLACE =
            Pattern.compile("(?:From|At|at) line (\\d+), column (\\d+)(?: to line (\\d+), column (\\d+))?");

    private static final Set<String> VALIDATION =
            Set.of("ValidationException", "SqlValidateException", "SqlValidatorException", "CatalogException");

    private Failure() {}

    static Json describe(String stage, String statement, Throwable thrown) {
        List<Throwable> chain = new ArrayList<>();
        for (Throwable e = thrown; e != null && !chain.contains(e); e = e.getCause()) {
            chain.add(e);
        }
        Throwable root = chain.get(chain.size() - 1);
        Json json = new Json().open('{');
        json.name("error").text(stage.equals("plan") ? stageOf(chain) : stage);
        json.name("class").text(root.getClass().getName());
        json.name("message").text(String.valueOf(root.getMessage()));
        json.name("top").text(String.valueOf(thrown.getMessage()));
        place(chain, json);
        return json.name("statement").text(statement).close('}');
    }

    /** Flink's layers each have their own exceptions for a statement that is wrong in itself; the rest is planning. */
    private static String stageOf(List<Throwable> chain) {
        for (Throwable e : chain) {
            String name = e.getClass().getSimpleName();
            if (name.equals("SqlParserException") || name.equals("SqlParseException")) {
                return "parse";
            }
            if (VALIDATION.contains(name)) {
                return "validate";
            }
        }
        return "plan";
    }

    /** {@code "at":[line,column,line,column]} within the statement, where Flink says it. */
    private static void place(List<Throwable> chain, Json json) {
        for (Throwable e : chain) {
            Matcher found = PLACE.matcher(String.valueOf(e.getMessage()));
            if (found.find()) {
                json.name("at").open('[');
                for (int i = 1; i <= 4; i++) {
                    String number = found.group(i) != null ? found.group(i) : found.group(i - 2);
                    json.raw(number);
                }
                json.close(']');
                return;
            }
        }
    }
}
