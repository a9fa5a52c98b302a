package oracle;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.GenericMapData;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.DataType;

/** The metadata of Kafka's connector: a topic of one partition, without headers. */
final class KafkaMetadata {
    static final Map<String, DataType> READABLE = readable();
    static final Map<String, DataType> WRITABLE =
            Map.of(
                    "headers", DataTypes.MAP(DataTypes.STRING().nullable(), DataTypes.BYTES().nullable()).nullable(),
                    "timestamp", DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(3).nullable());

    private KafkaMetadata() {}

    private static Map<String, DataType> readable() {
        Map<String, DataType> types = new LinkedHashMap<>();
        types.put("topic", DataTypes.STRING().notNull());
        types.put("partition", DataTypes.INT().notNull());
        types.put("headers", DataTypes.MAP(DataTypes.STRING().nullable(), DataTypes.BYTES().nullable()).notNull());
        types.put("leader-epoch", DataTypes.INT().nullable());
        types.put("offset", DataTypes.BIGINT().notNull());
        types.put("timestamp", DataTypes.TIMESTAMP_WITH_LOCAL_TIME_ZONE(3).notNull());
        types.put("timestamp-type", DataTypes.STRING().notNull());
        return types;
    }

    /** The values of {@code keys} for the message at {@code offset}. */
    static RowData of(List<String> keys, String topic, long offset, Event message) {
        GenericRowData row = new GenericRowData(keys.size());
        for (int i = 0; i < keys.size(); i++) {
            row.setField(
                    i,
                    switch (keys.get(i)) {
                        case "topic" -> StringData.fromString(topic);
                        case "partition" -> 0;
                        case "headers" -> new GenericMapData(Map.of());
                        case "offset" -> offset;
                        case "timestamp" -> TimestampData.fromEpochMillis(message.value());
                        case "timestamp-type" -> StringData.fromString("CreateTime");
                        default -> null;
                    });
        }
        return row;
    }
}
