/** Whether the message that a view shows has been erased since. */

import { isErased } from "../../../core/model/selectors.ts";
import { useModelValue } from "./context.tsx";

export function useIsErased(seq: number | undefined): boolean {
  return useModelValue((model) => seq !== undefined && isErased(model, seq));
}
