/** Whether what a view shows has been erased since. */

import { isErased } from "../../../core/model/selectors.ts";
import { useModelValue } from "./context.tsx";

/** @param file file of the message that is also erased if it alone was */
export function useIsErased(seq: number | undefined, file?: string): boolean {
  return useModelValue((model) => seq !== undefined && isErased(model, seq, file));
}
