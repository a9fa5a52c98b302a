import { expect, test } from "vitest";
import { alertText, endpointText, nameOf, pipelineText } from "./files";

test("names of files are made of words", () => {
  expect(nameOf("Large orders, 2nd try!")).toBe("large_orders_2nd_try");
});

test("a rule keeps the question as it is, without the semicolon", () => {
  expect(alertText('So "large"', "SELECT * FROM orders;\n", "amount > 100")).toBe(
    'title = "So \\"large\\""\nquery = """\nSELECT * FROM orders"""\nwhen = "amount > 100"\nseverity = "warning"\n',
  );
});

test("an endpoint begins with what it is about", () => {
  expect(endpointText("Large\norders", "SELECT 1 ;")).toBe("-- Large orders\nSELECT 1\n");
});

test("a pipeline has a table for its rows, which holds the last of each key where there is one", () => {
  const columns = [
    { name: "customer", type: "STRING" },
    { name: "the sum", type: "DOUBLE" },
  ];
  expect(pipelineText("sums", columns, "SELECT 1", [])).toContain(
    "  `customer` STRING,\n  `the sum` DOUBLE\n) WITH ('connector' = 'kafka'",
  );
  const upsert = pipelineText("sums", columns, "SELECT 1;", ["customer"]);
  expect(upsert).toContain("`customer` STRING NOT NULL");
  expect(upsert).toContain("PRIMARY KEY (`customer`) NOT ENFORCED\n) WITH ('connector' = 'upsert-kafka'");
  expect(upsert).toContain("INSERT INTO `sums`\nSELECT 1;\n");
});
