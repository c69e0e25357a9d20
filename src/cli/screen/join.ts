/** Full-screen entry point, loaded on demand. */

import { Fault } from "../../base/fault.ts";
import type { Name } from "../../base/names.ts";
import { openTerminalDevice } from "../../io/terminal/device.ts";
import { unsentLine } from "../chat/post.ts";
import type { OpenClient } from "../connect/client.ts";
import { type Context, printNotice } from "../context.ts";
import { ScreenClient } from "./client.ts";
import { InputHistory } from "./editor/input-history.ts";
import { ScreenPreferences } from "./settings/preferences.ts";

/**
 * @returns exit code
 * @throws {Fault} the fault that ended the client
 */
export async function runFullScreen(
  context: Context,
  open: OpenClient,
  rooms: readonly Name[],
  areChosen: boolean,
): Promise<number> {
  const preferences = new ScreenPreferences(context, open.state);
  for (const warning of preferences.warnings) printNotice(context, warning);
  const device = openTerminalDevice(context.stdin, () => client.end(0));
  const history = new InputHistory(context.settings().folders.data);
  await history.load();
  const client: ScreenClient = new ScreenClient({ context, open, device, preferences, history });
  try {
    return await client.run(rooms, areChosen);
  } catch (error) {
    if (error instanceof Fault) {
      for (const { to, body } of open.client.model.pending)
        printNotice(context, unsentLine(to, body.text));
    }
    throw error;
  } finally {
    for (const { to, text } of client.unsavedDrafts) printNotice(context, unsentLine(to, text));
    const { waitingCount } = client;
    if (waitingCount > 0) printNotice(context, client.texts.continuesLater(waitingCount));
  }
}
