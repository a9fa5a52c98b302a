package oracle;

import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;

/** How a table is read, as its CREATE TABLE says. */
record TableInput(
        String table,
        String connector,
        DecodingFormat<DeserializationSchema<RowData>> format,
        ChangelogMode mode,
        DataType type,
        int[] primaryKey) {

    boolean isKafka() {
        return connector.endsWith("kafka");
    }

    boolean isUpsert() {
        return connector.equals("upsert-kafka");
    }
}
