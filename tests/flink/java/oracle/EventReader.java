package oracle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.types.RowKind;

/** Reads events: from one file in the order of all tables, or from each table's own path, one table after the other. */
final class EventReader {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Set<Set<String>> CONTROL_IN_TABLE_FILE =
            Set.of(Set.of("watermark"), Set.of("sleep"), Set.of("idle"), Set.of("op", "row"));
    private static final Set<String> KNOWN =
            Set.of("table", "row", "raw", "op", "timestamp", "watermark", "sleep", "idle");

    private final List<Event> events = new ArrayList<>();

    /** All events of one file. */
    static List<Event> ofFile(Path file) throws IOException {
        EventReader reader = new EventReader();
        reader.read(file, null);
        return reader.events;
    }

    /** The lines at each table's path (a file, or a folder of files in the order of their names). */
    static List<Event> ofTables(Map<String, Path> paths) throws IOException {
        EventReader reader = new EventReader();
        for (Map.Entry<String, Path> table : paths.entrySet()) {
            for (Path file : files(table.getValue())) {
                reader.read(file, table.getKey());
            }
        }
        return reader.events;
    }

    private static List<Path> files(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return Files.exists(path) ? List.of(path) : List.of();
        }
        try (var listed = Files.list(path)) {
            return listed.sorted().toList();
        }
    }

    private void read(Path file, String table) throws IOException {
        if (!Files.isReadable(file)) {
            throw new IOException("no events at " + file);
        }
        for (String line : Files.readAllLines(file)) {
            if (!line.isBlank()) {
                events.add(event(file, line, table));
            }
        }
    }

    private Event event(Path file, String text, String table) throws IOException {
        int line = events.size() + 1;
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            if (table == null) {
                throw new IOException(file + ", line " + line + ": " + e.getOriginalMessage());
            }
            return row(line, table, text.getBytes(StandardCharsets.UTF_8), null, 0);
        }
        Set<String> keys = new TreeSet<>();
        node.fieldNames().forEachRemaining(keys::add);
        if (table != null && !CONTROL_IN_TABLE_FILE.contains(keys)) {
            return row(line, table, text.getBytes(StandardCharsets.UTF_8), null, 0);
        }
        String name = node.has("table") ? node.get("table").asText() : table;
        boolean isRow = name != null && (node.has("row") || node.has("raw"));
        if (!KNOWN.containsAll(keys) || !(isRow || node.has("watermark") || node.has("sleep") || node.has("idle"))) {
            throw new IOException(file + ", line " + line + ": not an event: " + text);
        }
        return isRow ? message(line, name, node, text) : control(line, name, node);
    }

    private static Event message(int line, String table, JsonNode node, String text) throws IOException {
        String bytes = node.has("raw") ? node.get("raw").asText() : asWritten(text, "row");
        RowKind op = node.has("op") ? kind(node.get("op").asText()) : null;
        return row(line, table, bytes.getBytes(StandardCharsets.UTF_8), op, node.path("timestamp").asLong(0));
    }

    /** A field's value as it stands in the text: reading and writing it again could change a number. */
    private static String asWritten(String text, String field) throws IOException {
        try (JsonParser parser = JSON.createParser(text)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean found = parser.currentName().equals(field);
                parser.nextToken();
                int start = (int) parser.currentTokenLocation().getCharOffset();
                parser.skipChildren();
                if (found) {
                    return text.substring(start, (int) parser.currentLocation().getCharOffset());
                }
            }
        }
        throw new IOException("no " + field + " in " + text);
    }

    private static Event control(int line, String table, JsonNode node) {
        if (node.has("watermark")) {
            return new Event(line, Event.Kind.WATERMARK, table, null, null, time(node.get("watermark")));
        }
        if (node.has("sleep")) {
            return new Event(line, Event.Kind.SLEEP, table, null, null, node.get("sleep").asLong());
        }
        return new Event(line, Event.Kind.IDLE, table, null, null, 0);
    }

    private static Event row(int line, String table, byte[] bytes, RowKind op, long timestamp) {
        return new Event(line, Event.Kind.ROW, table, bytes, op, timestamp);
    }

    private static long time(JsonNode node) {
        if (node.isNumber()) {
            return node.asLong();
        }
        if (node.asText().equals("max")) {
            return Long.MAX_VALUE;
        }
        String text = node.asText().replace(' ', 'T').replaceAll("Z$", "");
        return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC).toEpochMilli();
    }

    private static RowKind kind(String op) {
        return Arrays.stream(RowKind.values())
                .filter(kind -> kind.shortString().equals(op))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("\"op\" is " + op + ", allowed are +I, -U, +U, -D"));
    }
}
