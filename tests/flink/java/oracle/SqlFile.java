package oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A SQL file: its statements and its directives ({@code -- @name value}). */
record SqlFile(Path path, Map<String, String> directives, List<String> statements) {
    private static final Pattern DIRECTIVE = Pattern.compile("(?m)^--\\s*@([\\w-]+)[ \\t]*(.*)$");
    private static final Pattern LEADING_COMMENT =
            Pattern.compile("^(?:\\s+|--[^\\n]*(?:\\n|$)|/\\*(?!\\+).*?\\*/)+", Pattern.DOTALL);
    private static final Pattern STATEMENT_SET = Pattern.compile("(?is)^(?:EXECUTE|EXPLAIN)\\s+STATEMENT\\s+SET\\b.*");
    private static final Pattern ENDED = Pattern.compile("(?is).*\\bEND\\s*$");

    static SqlFile read(Path path) throws IOException {
        String text = Files.readString(path);
        Map<String, String> directives = new LinkedHashMap<>();
        Matcher found = DIRECTIVE.matcher(text);
        while (found.find()) {
            directives.put(found.group(1), found.group(2).strip());
        }
        return new SqlFile(path, directives, split(text));
    }

    boolean manualWatermarks() {
        return "manual".equals(directives.get("watermark"));
    }

    long timeoutSeconds() {
        return Long.parseLong(directives.getOrDefault("timeout", "60"));
    }

    /** The statements, without the comments before them and without the semicolon. */
    private static List<String> split(String text) {
        List<String> statements = new ArrayList<>();
        int start = 0;
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == ';') {
                String statement = withoutLeadingComments(text.substring(start, at));
                if (!STATEMENT_SET.matcher(statement).matches() || ENDED.matcher(statement).matches()) {
                    statements.add(statement);
                    start = at + 1;
                }
                at++;
            } else {
                at = endOfToken(text, at, c);
            }
        }
        statements.add(withoutLeadingComments(text.substring(start)));
        statements.removeIf(String::isBlank);
        return statements;
    }

    /** Where the comment, the quoted text or the single character at {@code at} ends. */
    private static int endOfToken(String text, int at, char c) {
        if (text.startsWith("--", at)) {
            return after(text, "\n", at);
        }
        if (text.startsWith("/*", at)) {
            return after(text, "*/", at + 2);
        }
        return c == '\'' || c == '`' ? after(text, String.valueOf(c), at + 1) : at + 1;
    }

    private static int after(String text, String end, int from) {
        int found = text.indexOf(end, from);
        return found < 0 ? text.length() : found + end.length();
    }

    private static String withoutLeadingComments(String statement) {
        Matcher found = LEADING_COMMENT.matcher(statement);
        return (found.find() ? statement.substring(found.end()) : statement).stripTrailing();
    }
}
