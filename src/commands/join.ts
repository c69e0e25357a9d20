/** `chat join`, which opens the chat. */

import { checkName, type Name } from "../base/names.ts";
import { TerminalChat } from "../cli/chat/chat.ts";
import { LineClient } from "../cli/chat/line-client.ts";
import { defineVerb, flag, stringFlag } from "../cli/command.ts";
import { isInteractive, openClient } from "../cli/connect/client.ts";
import { retryUntilMajority } from "../cli/connect/until-majority.ts";
import type { Context } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS } from "../cli/flags.ts";
import type { FullScreen } from "../cli/screen/join.ts";
import { LOBBY } from "../core/rooms/rooms.ts";

export const command = defineVerb({
  args: {
    at: SERVER_ARGUMENT,
    room: stringFlag("ROOM", "Rooms to join (Default: lobby)", { many: true }),
    register: flag("Fail if the name exists"),
    login: flag("Fail unless the name exists"),
    localPort: stringFlag("N", "Connect from this local port", {
      integer: { min: 1, max: 65_535 },
    }),
    plain: flag("Use line mode"),
    ...SERVER_FLAGS,
  },
  details: "Each line is sent to the current room. /help lists commands. QUIT or Ctrl-D quits.",
  async run(args, context) {
    if (args.register && args.login) {
      throw usageFault("--register and --login cannot be combined", "use only one of them");
    }
    const rooms = args.room.map((room) => checkName(room.replace(/^#/, ""), "room's name"));
    const screen = await screenFor(context, args.plain);
    let lines: LineClient | undefined;
    const chat = new TerminalChat(
      context.clock,
      (effect) => lines?.perform(effect),
      (seq) => lines?.chatConsole.recent.authorOf(seq) !== undefined,
    );
    const options = {
      argument: args.at,
      mode: args.register ? "register" : args.login ? "login" : "either",
      follow: "all",
      setsDefaults: true,
      reconnect: true,
      waitsForPosts: true,
      localPort: args.localPort,
      onEvent: (screen ?? chat).receive,
      hasReader: screen === undefined,
    } as const;
    const open = await retryUntilMajority(context, () => openClient(context, args, options));
    const entered: readonly Name[] = rooms.length > 0 ? rooms : [open.address.room ?? LOBBY];
    if (screen !== undefined) return screen.run(open, entered);
    chat.attachClient(open.client);
    lines = new LineClient(context, open, chat, entered);
    return lines.run();
  },
});

/** Loads the full screen on demand, because no other command needs it. */
async function screenFor(context: Context, isPlain: boolean): Promise<FullScreen | undefined> {
  const { stdin, env } = context;
  const isInteractiveTerminal =
    isInteractive(context) && stdin.isTerminal && env["TERM"] !== "dumb";
  if (isPlain || !isInteractiveTerminal) return undefined;
  const { createFullScreen: fullScreen } = await import("../cli/screen/join.ts");
  return fullScreen(context);
}
