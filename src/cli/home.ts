/** Opens the client's state in `CHAT_HOME`. */

import { ClientState } from "../io/state/client-state.ts";
import { type Context, printNotice } from "./context.ts";

/**
 * Announces a conversion to this version's format, because older versions then refuse the home.
 * @throws {Fault} version-unsupported, store-…
 */
export function openHome(context: Context): ClientState {
  const { data } = context.settings().folders;
  return ClientState.open(data, (from, copyPath) => {
    const wayBack = copyPath === undefined ? "" : `; to go back to an older version: ${copyPath}`;
    printNotice(context, `converted ${data} from format ${from}${wayBack}`);
  });
}
