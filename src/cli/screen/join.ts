/** Full-screen entry point, which exists before the client connects. */

import type { Name } from "../../base/names.ts";
import type { SessionEvent } from "../../client/event.ts";
import { openTerminalDevice } from "../../io/terminal/device.ts";
import { TerminalChat } from "../chat/chat.ts";
import type { OpenClient } from "../connect/client.ts";
import { type Context, printNotice } from "../context.ts";
import { ScreenClient } from "./client.ts";
import { InputHistory } from "./editor/input-history.ts";
import { ScreenPreferences } from "./settings/preferences.ts";

export interface FullScreen {
  readonly receive: (event: SessionEvent) => void;
  /**
   * @returns exit code
   * @throws {Fault} the fault that ended the client
   */
  run(open: OpenClient, rooms: readonly Name[]): Promise<number>;
}

export function createFullScreen(context: Context): FullScreen {
  let client: ScreenClient | undefined;
  const chat = new TerminalChat(context.clock, (effect) => client?.perform(effect));
  return {
    receive: chat.receive,
    run: async (open, rooms) => {
      const preferences = new ScreenPreferences(context, open.state);
      for (const warning of preferences.warnings) printNotice(context, warning);
      chat.attachClient(open.client);
      const device = openTerminalDevice(context.stdin, () => client?.end(0));
      const history = new InputHistory(context.settings().folders.data);
      await history.load();
      client = new ScreenClient({ context, open, chat, device, preferences, history });
      return client.run(rooms);
    },
  };
}
