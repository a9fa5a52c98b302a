import { expect, test } from "vitest";
import { fieldsOf, mended } from "./values";

const ROW = '{"id":9007199254740993,"name":"007","amount":-7,"gone":null,"tags":["a"]}';

test("a row is mended column by column", () => {
  const fields = fieldsOf(ROW);
  expect(fields).toEqual({ id: "9007199254740993", name: "007", amount: "-7", gone: "null", tags: '["a"]' });
  expect(mended(ROW, fields ?? {})).toEqual({});
  expect(mended(ROW, { ...fields, name: "008", amount: "7", gone: "here", tags: "[]" })).toEqual({
    name: "008",
    amount: 7,
    gone: "here",
    tags: [],
  });
});

test("what is no JSON object has no columns", () => {
  for (const row of ["", "7", "[1]", "null", "{"]) expect(fieldsOf(row)).toBeUndefined();
});
