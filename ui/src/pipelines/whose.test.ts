import { expect, test } from "vitest";
import { pipelineHref, pipelineTitle } from "./whose";

test("the pipeline of an alert rule is looked after with its rule", () => {
  expect(pipelineHref("alert.bad record")).toBe("/alerts/bad%20record");
  expect(pipelineTitle("alert.full_soon")).toBe("alert rule full_soon");
  expect(pipelineHref("alerts")).toBe("/pipelines/alerts");
  expect(pipelineTitle("alerts")).toBe("alerts");
});
