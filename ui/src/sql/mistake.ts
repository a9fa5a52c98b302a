import type { ProblemBody } from "../api/problem";

/** Where in the question the server says the mistake is: line and column, from 1. */
export function mistakeOf(problem: ProblemBody): { line: number; column: number } | undefined {
  const found = /line (\d+)(?:, column (\d+))?/i.exec(`${problem.where ?? ""} ${problem.detail ?? ""}`);
  return found ? { line: Number(found[1]), column: Number(found[2] ?? 1) } : undefined;
}
