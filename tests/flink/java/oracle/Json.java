package oracle;

import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.apache.flink.table.data.ArrayData;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.MapData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.logical.ArrayType;
import org.apache.flink.table.types.logical.IntType;
import org.apache.flink.table.types.logical.LocalZonedTimestampType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.MapType;
import org.apache.flink.table.types.logical.MultisetType;
import org.apache.flink.table.types.logical.RowType;
import org.apache.flink.table.types.logical.TimeType;
import org.apache.flink.table.types.logical.TimestampType;

/**
 * Writes one line of JSON.
 *
 * <p>Values: numbers and booleans as they are, an INTERVAL as its months or milliseconds; DECIMAL, DATE, TIME,
 * TIMESTAMP, TIMESTAMP_LTZ (in UTC, ending in Z), BYTES (hexadecimal after 0x), NaN and Infinity as text; ROW as an
 * object, ARRAY as an array, MAP and MULTISET as a sorted array of pairs.
 */
final class Json {
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss");
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss");

    private final StringBuilder text = new StringBuilder();
    private boolean comma;

    Json open(char bracket) {
        separate();
        text.append(bracket);
        comma = false;
        return this;
    }

    Json close(char bracket) {
        text.append(bracket);
        comma = true;
        return this;
    }

    Json name(String name) {
        text(name);
        text.append(':');
        comma = false;
        return this;
    }

    /** Something that is JSON as it stands. */
    Json raw(Object value) {
        separate();
        text.append(value);
        return this;
    }

    Json text(String value) {
        separate();
        text.append('"');
        for (char c : value.toCharArray()) {
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (c < 32 || Character.isSurrogate(c)) {
                text.append(String.format("\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
        return this;
    }

    Json watermark(long millis) {
        if (millis == Long.MIN_VALUE) {
            return raw(null);
        }
        return millis == Long.MAX_VALUE ? text("max") : raw(millis);
    }

    Json row(RowData row, RowType type) {
        open('{');
        for (int i = 0; i < type.getFieldCount(); i++) {
            name(type.getFieldNames().get(i));
            value(RowData.createFieldGetter(type.getTypeAt(i), i).getFieldOrNull(row), type.getTypeAt(i));
        }
        return close('}');
    }

    private Json value(Object value, LogicalType type) {
        if (value == null) {
            return raw(null);
        }
        return switch (type.getTypeRoot()) {
            case BOOLEAN, TINYINT, SMALLINT, INTEGER, BIGINT, INTERVAL_YEAR_MONTH, INTERVAL_DAY_TIME -> raw(value);
            case FLOAT, DOUBLE -> Double.isFinite(((Number) value).doubleValue()) ? raw(value) : text(value.toString());
            case DECIMAL -> text(((DecimalData) value).toBigDecimal().toPlainString());
            case DATE -> text(LocalDate.ofEpochDay((Integer) value).toString());
            case TIME_WITHOUT_TIME_ZONE -> text(time((Integer) value, ((TimeType) type).getPrecision()));
            case TIMESTAMP_WITHOUT_TIME_ZONE ->
                    text(timestamp(((TimestampData) value).toLocalDateTime(), ((TimestampType) type).getPrecision()));
            case TIMESTAMP_WITH_LOCAL_TIME_ZONE -> text(moment(value, (LocalZonedTimestampType) type));
            case BINARY, VARBINARY -> text("0x" + HexFormat.of().formatHex((byte[]) value));
            case ARRAY -> array((ArrayData) value, ((ArrayType) type).getElementType());
            case MAP -> pairs((MapData) value, ((MapType) type).getKeyType(), ((MapType) type).getValueType());
            case MULTISET -> pairs((MapData) value, ((MultisetType) type).getElementType(), new IntType());
            case ROW -> row((RowData) value, (RowType) type);
            default -> text(value.toString());
        };
    }

    private Json array(ArrayData array, LogicalType element) {
        open('[');
        for (int i = 0; i < array.size(); i++) {
            value(ArrayData.createElementGetter(element).getElementOrNull(array, i), element);
        }
        return close(']');
    }

    private Json pairs(MapData map, LogicalType key, LogicalType value) {
        List<String> pairs = new ArrayList<>();
        for (int i = 0; i < map.size(); i++) {
            Json pair = new Json().open('[');
            pair.value(ArrayData.createElementGetter(key).getElementOrNull(map.keyArray(), i), key);
            pair.value(ArrayData.createElementGetter(value).getElementOrNull(map.valueArray(), i), value);
            pairs.add(pair.close(']').toString());
        }
        Collections.sort(pairs); // a map has no order of its own
        return raw(pairs.stream().reduce((a, b) -> a + "," + b).map(joined -> "[" + joined + "]").orElse("[]"));
    }

    private static String moment(Object value, LocalZonedTimestampType type) {
        LocalDateTime utc = LocalDateTime.ofInstant(((TimestampData) value).toInstant(), ZoneOffset.UTC);
        return timestamp(utc, type.getPrecision()) + "Z";
    }

    private static String timestamp(LocalDateTime time, int precision) {
        return time.format(SECONDS) + fraction(time.getNano(), precision);
    }

    private static String time(int millis, int precision) {
        LocalTime time = LocalTime.ofNanoOfDay(millis * 1_000_000L);
        return time.format(CLOCK) + fraction(time.getNano(), precision);
    }

    private static String fraction(int nanos, int precision) {
        return precision == 0 ? "" : "." + String.format("%09d", nanos).substring(0, precision);
    }

    private void separate() {
        if (comma) {
            text.append(',');
        }
        comma = true;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
