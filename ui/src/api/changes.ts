import { useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "./client";

export type Difference = Schemas["DifferenceAnswer"];
export type PipelineChange = Schemas["PipelineChanged"];
export type OperatorChange = Schemas["OperatorChanged"];
export type Applied = Schemas["AppliedAnswer"];
export type Comparison = Schemas["ComparisonAnswer"];

const AGAIN = 5_000;
const OFTEN = 500;

/** What the SQL files would change now. */
export const useDifference = () =>
  useQuery({
    queryKey: ["diff"],
    queryFn: ({ signal }) => body(api.GET("/api/diff", { signal })),
    refetchInterval: AGAIN,
    staleTime: 0,
    retry: false,
  });

/** What has changed in their text, also where it is wrong. */
export const useFileDifferences = () =>
  useQuery({
    queryKey: ["diff", "files"],
    queryFn: ({ signal }) => body(api.GET("/api/diff/files", { signal })),
    refetchInterval: AGAIN,
    staleTime: 0,
    retry: false,
  });

/** How far they are applied, by anybody; null while they are not. */
export const useApplyProgress = (often: boolean) =>
  useQuery({
    queryKey: ["apply"],
    queryFn: ({ signal }) => body(api.GET("/api/apply", { signal })),
    refetchInterval: often ? OFTEN : AGAIN,
    staleTime: 0,
    retry: false,
  });

export const applyFiles = (token: string) => body(api.POST("/api/apply", { body: { token } }));

export const comparePipeline = (name: string, given: Schemas["Compare"]) =>
  body(api.POST("/api/pipelines/{name}/compare", { params: { path: { name } }, body: given }));
