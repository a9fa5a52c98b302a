import { useLocation } from "wouter";
import { Go } from "../pieces/Go";
import { Empty } from "../pieces/States";

export function NotHere() {
  const [pathname] = useLocation();
  return (
    <Empty title={`There is no view at ${pathname}`}>
      <Go href="/">Back to the overview</Go>
    </Empty>
  );
}
