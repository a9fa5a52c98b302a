import { useMutation, useQueryClient } from "@tanstack/react-query";

/** Something that is done to the project; what was asked under the keys `touches` is asked again after it. */
export function useAct<Given, Told>(act: (given: Given) => Promise<Told>, touches: readonly string[]) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: () => Promise.all(touches.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
}
